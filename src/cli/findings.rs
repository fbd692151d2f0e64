//! Findings of one command, from all its projects, and how they are printed.

use super::exit::{Exit, Failure};
use super::output;
use super::project::Project;
use crate::compile::{self, Compiled};
use crate::diagnostic::render::{self, Count};
use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::model::Surroundings;
use crate::span::{SourceId, Sources};

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// A JSON array
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// Findings, with the texts they point into.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub sources: Sources,
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were judged.
    pub files: usize,
}

impl Findings {
    /// Compiles the selected files of a project, and gives its findings beside the result.
    pub fn of(project: &Project, surroundings: &Surroundings) -> (Compiled, Findings) {
        let compiled = compile::compile(&project.input, surroundings, &project.settings.meaning);
        let mut diagnostics = project.diagnostics.clone();
        let misconfigured = diagnostics.iter().any(|diagnostic| diagnostic.rule == Rule::ConfigurationWrong);
        let follows = |diagnostic: &Diagnostic| misconfigured && diagnostic.rule == Rule::ForeignCurrency;
        diagnostics.extend(compiled.diagnostics.iter().filter(|diagnostic| !follows(diagnostic)).cloned());
        let findings = Findings { sources: compiled.sources.clone(), diagnostics, files: project.selected };
        (compiled, findings)
    }

    /// Adds those of another project.
    pub fn absorb(&mut self, other: Findings) {
        let shift = self.sources.iter().count();
        for (_, source) in other.sources.iter() {
            self.sources.add(source.name.clone(), source.text.clone());
        }
        self.files += other.files;
        let moved = |source: &mut SourceId| source.0 += u32::try_from(shift).unwrap_or(u32::MAX);
        for mut diagnostic in other.diagnostics {
            diagnostic.labels.iter_mut().for_each(|label| moved(&mut label.span.source));
            diagnostic.fix.iter_mut().for_each(|fix| moved(&mut fix.span.source));
            self.diagnostics.push(diagnostic);
        }
    }

    /// The exit code of a command that does nothing but look: notes never count.
    pub fn exit(&self) -> Exit {
        if self.diagnostics.iter().any(|diagnostic| diagnostic.rule == Rule::ConfigurationWrong) {
            Exit::Configuration
        } else if Count::of(&self.diagnostics).is_clean() {
            Exit::Done
        } else {
            Exit::Findings
        }
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }

    /// Prints them as the result of the command.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print(&self, format: Format) -> Result<(), Failure> {
        let Findings { sources, diagnostics, .. } = self;
        match format {
            Format::Human => {
                let summary = render::summary(Count::of(diagnostics), self.files);
                let found = render::human(sources, diagnostics, output::results_in_colour());
                output::drawing(&format!("{found}{summary}\n"))
            }
            Format::Json => output::results(&render::json(sources, diagnostics)),
            Format::Sarif => output::results(&render::sarif(sources, diagnostics)),
            Format::Github => output::results(&render::github(sources, diagnostics)),
        }
    }

    /// Tells the person at the terminal what keeps a command from its work: errors and warnings, and `None` when
    /// there is no error, so that the command goes on; else its exit code.
    pub fn stop(mut self) -> Option<Exit> {
        self.diagnostics.retain(|diagnostic| diagnostic.level != Level::Note);
        output::notice(&render::human(&self.sources, &self.diagnostics, output::notices_in_colour()));
        self.has_errors().then(|| {
            output::notice(&format!("{}\n", render::summary(Count::of(&self.diagnostics), self.files)));
            self.exit()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    fn found(name: &str, rule: Rule) -> Findings {
        let mut sources = Sources::default();
        let source = sources.add(name, "when");
        let diagnostic = Diagnostic::new(rule, "x").at(Span::new(source, 0, 4), "").fix(Span::new(source, 0, 4), "");
        Findings { sources, diagnostics: vec![diagnostic], files: 1 }
    }

    #[test]
    fn absorbed_findings_still_point_into_their_own_texts() {
        let mut all = found("a.scn", Rule::NoSteps);
        all.absorb(found("b.scn", Rule::NoTrigger));
        let names: Vec<&str> = all
            .diagnostics
            .iter()
            .flat_map(|diagnostic| [diagnostic.labels[0].span, diagnostic.fix.as_ref().unwrap().span])
            .map(|span| all.sources.get(span.source).unwrap().name.as_str())
            .collect();
        assert_eq!(names, ["a.scn", "a.scn", "b.scn", "b.scn"]);
        assert_eq!(all.files, 2);
    }

    #[test]
    fn the_exit_code_follows_the_gravest() {
        assert_eq!(Findings::default().exit(), Exit::Done);
        assert_eq!(found("a.scn", Rule::SeveralAtOnce).exit(), Exit::Done);
        assert_eq!(found("a.scn", Rule::MaybeMissing).exit(), Exit::Findings);
        assert_eq!(found("a.scn", Rule::NoSteps).exit(), Exit::Findings);
        let mut all = found("a.scn", Rule::NoSteps);
        all.absorb(found("scn.toml", Rule::ConfigurationWrong));
        assert_eq!(all.exit(), Exit::Configuration);
    }
}
