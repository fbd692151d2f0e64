//! `scn words`: everything that can be said here.

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::{output, surroundings};
use crate::compile::WordEntry;
use crate::diagnostic::render::clean;
use std::fmt::Write;
use std::path::PathBuf;

/// List every entity, event, field, definition, scenario and message in reach
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn words scenarios")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    let (compiled, findings) = Findings::of(&project, &surroundings::look_at_templates(&project)?);
    // Words are wanted most while a text is half written: what is wrong with it does not hide them.
    output::results(&list(&compiled.words))?;
    Ok(findings.stop().unwrap_or(Exit::Done))
}

/// Three columns, aligned: the kind, the name, its text; the documentation below.
fn list(words: &[WordEntry]) -> String {
    let kind_width = words.iter().map(|word| word.kind.len()).max().unwrap_or(0);
    let name_width = words.iter().map(|word| word.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for word in words {
        let line = format!("{:kind_width$}  {:name_width$}  {}", word.kind, clean(&word.name), clean(&word.text));
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{}", line.trim_end());
        for line in word.doc.iter().flat_map(|doc| doc.lines()) {
            let _ = writeln!(out, "{:kind_width$}  {:name_width$}  ## {}", "", "", clean(line.trim()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[test]
    fn words_stand_in_columns() {
        let word = |kind, name: &str, text: &str, doc: Option<&str>| WordEntry {
            name: name.into(),
            kind,
            text: text.into(),
            doc: doc.map(Into::into),
            span: Span::default(),
        };
        let words = [
            word("entity", "product", "entity product", None),
            word("field", "product.delay", "delay: duration?", Some("ideal time\nbetween two purchases")),
        ];
        let expected = "entity  product        entity product\n\
                        field   product.delay  delay: duration?\n                       ## ideal time\n                       \
                        ## between two purchases\n";
        assert_eq!(list(&words), expected);
    }
}
