//! Templates: found, judged, rendered.
//!
//! The template of message `m` is `templates/m.CHANNEL[.LANGUAGE].html` or `.txt`, beside the scenario's file
//! or in the project. An email has `.html`, `.txt` or both; every other channel has `.txt`. The first lines may
//! be front matter:
//!
//! ```text
//! ---
//! subject: {{ product.name }} is soon at its end
//! ---
//! ```
//!
//! A missing value ends the rendering with an error that names it, unless the template provides for it (`if`,
//! `default`, `or`). There is no `include`, `extends` or `macro`, and `safe` is refused: what data prints in HTML
//! is escaped, always. Work and memory are bounded by fuel, the result by its length.

mod bounds;
mod found;
mod front_matter;
mod html;
mod links;
mod plain_text;
mod render;
mod texts;
mod values;
mod variables;

#[cfg(test)]
mod tests;

pub use render::{RenderError, Rendered};

use crate::model::{Currency, TemplateLink, TemplateShape, TemplateText, TemplateVariable};
use crate::span::SourceId;
use crate::time::Zone;
use found::{Extension, FoundFile};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// What one rendering may spend: an instruction costs 1, and so do 64 bytes of text, so that 32 MiB is the most
/// a template can make.
const FUEL: u64 = 500_000;

/// How values are shown.
#[derive(Clone, Debug, Default)]
pub struct Presentation {
    pub currency: Currency,
    pub zone: Zone,
}

/// All templates in reach of a project's scenarios.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    zone: Zone,
    shapes: Vec<TemplateShape>,
    variants: BTreeMap<VariantKey, Variant>,
}

/// One message by one channel in one language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct VariantKey {
    beside: Option<String>,
    message: String,
    channel: String,
    language: Option<String>,
}

/// The files of a variant.
#[derive(Clone, Debug, Default)]
struct Variant {
    html: Option<Piece>,
    txt: Option<Piece>,
}

/// One file, by the names that its parts have in the environment.
#[derive(Clone, Debug)]
struct Piece {
    path: String,
    subject: Option<String>,
    body: String,
    broken: Option<String>,
}

/// A `templates/` folder that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// As shown to the user.
    pub path: String,
    pub reason: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read the templates of `{}`: {}", self.path, self.reason)
    }
}

impl std::error::Error for LoadError {}

/// What is wrong with a template, and where, in bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Broken {
    reason: String,
    range: Range<usize>,
}

impl Broken {
    fn new(reason: impl Into<String>, range: Range<usize>) -> Broken {
        Broken { reason: reason.into(), range }
    }

    fn of_compilation(error: &minijinja::Error, offset: usize) -> Broken {
        let range = error.range().unwrap_or(0..0);
        let reason = error.detail().unwrap_or("this is no template").to_owned();
        Broken::new(reason, range.start + offset..range.end + offset)
    }
}

/// A file, judged.
#[derive(Default)]
struct Judged {
    subject: Option<TemplateText>,
    body: TemplateText,
    links: Vec<TemplateLink>,
    variables: Vec<TemplateVariable>,
}

impl Templates {
    /// Finds and compiles the templates of the project's own `templates/` and of those beside the scenario
    /// folders, each as the caller writes it, relative to `root`. A template that cannot be used is among the
    /// shapes, with the reason.
    ///
    /// # Errors
    ///
    /// A folder cannot be listed, or leads out of the project.
    pub fn load(root: &Path, folders: &[String], presentation: &Presentation) -> Result<Templates, LoadError> {
        let mut templates = Templates {
            environment: environment(presentation),
            zone: presentation.zone,
            shapes: Vec::new(),
            variants: BTreeMap::new(),
        };
        let mut places: Vec<Option<&str>> = folders.iter().map(|folder| Some(folder.as_str())).collect();
        places.push(None);
        places.sort_unstable();
        places.dedup();
        for place in places {
            found::files(root, place)?.into_iter().for_each(|file| templates.add(file));
        }
        templates.share_subjects();
        Ok(templates)
    }

    /// What `check` must know of them, in the order of folders and names.
    pub fn shapes(&self) -> &[TemplateShape] {
        &self.shapes
    }

    fn add(&mut self, file: FoundFile) {
        let FoundFile { name, beside, path, text } = file;
        let (text, judged) = match text {
            Ok(text) => {
                let judged = self.judge(&text, &name);
                (text, judged)
            }
            Err(broken) => (String::new(), Err(broken)),
        };
        let broken = judged.as_ref().err().cloned();
        let piece = match self.compile(&path, &text, &judged, name.extension) {
            Ok(piece) => piece,
            Err(error) => Piece { path: path.clone(), subject: None, body: String::new(), broken: Some(error) },
        };
        let key = VariantKey {
            beside: beside.clone(),
            message: name.message.clone(),
            channel: name.channel.clone(),
            language: name.language.clone(),
        };
        let variant = self.variants.entry(key).or_default();
        match name.extension {
            Extension::Html => variant.html = Some(piece),
            Extension::Txt => variant.txt = Some(piece),
        }
        let broken = broken.map(|broken| (broken.reason, clip(broken.range, &text)));
        let has_subject = judged.as_ref().is_ok_and(|judged| judged.subject.is_some());
        let Judged { subject, body, links, variables } = judged.unwrap_or_default();
        self.shapes.push(TemplateShape {
            message: name.message,
            channel: name.channel,
            language: name.language,
            beside,
            path,
            comments: texts::comments(&text),
            text: text.into(),
            source: SourceId::default(),
            is_html: name.extension == Extension::Html,
            has_subject,
            subject,
            body,
            links,
            variables,
            broken,
        });
    }

    fn judge(&self, text: &str, name: &found::FileName) -> Result<Judged, Broken> {
        let matter = front_matter::read(text)?;
        let (mut variables, mut own_subject, mut links) = (Vec::new(), None, Vec::new());
        if let Some(range) = matter.subject {
            if name.channel != "email" {
                return Err(Broken::new(format!("a message by {} has no subject", name.channel), range));
            }
            let subject = text.get(range.clone()).unwrap_or("");
            let source = variables::Source { text: subject, offset: range.start, escaped: false };
            variables.extend(variables::read(&self.environment, &source)?);
            own_subject = Some(texts::read(subject, range.start));
        }
        let body = text.get(matter.body..).unwrap_or("");
        let escaped = name.extension == Extension::Html;
        if escaped {
            html::judge_places(body, matter.body)?;
            links = links::read(body, matter.body);
        }
        let source = variables::Source { text: body, offset: matter.body, escaped };
        variables.extend(variables::read(&self.environment, &source)?);
        let mut body_text = texts::read(body, matter.body);
        if escaped {
            body_text.hidden.extend(html::comments(body, matter.body));
        }
        Ok(Judged { subject: own_subject, body: body_text, links, variables })
    }

    /// Puts the parts of a judged file into the environment.
    fn compile(
        &mut self,
        path: &str,
        text: &str,
        judged: &Result<Judged, Broken>,
        extension: Extension,
    ) -> Result<Piece, String> {
        let judged = judged.as_ref().map_err(|broken| broken.reason.clone())?;
        let number = self.shapes.len();
        let failed = |error: minijinja::Error| Broken::of_compilation(&error, 0).reason;
        let body = match extension {
            Extension::Html => format!("{number}.html"),
            Extension::Txt => format!("{number}.txt"),
        };
        let body_text = text.get(judged.body.range.start..).unwrap_or("").to_owned();
        self.environment.add_template_owned(body.clone(), body_text).map_err(failed)?;
        let mut subject = None;
        if let Some(TemplateText { range, .. }) = &judged.subject {
            let name = format!("{number}.subject");
            let subject_text = text.get(range.clone()).unwrap_or("").to_owned();
            self.environment.add_template_owned(name.clone(), subject_text).map_err(failed)?;
            subject = Some(name);
        }
        Ok(Piece { path: path.to_owned(), subject, body, broken: None })
    }

    /// A `.txt` beside an `.html` needs no subject of its own, nor the other way round.
    fn share_subjects(&mut self) {
        let with_subject: Vec<VariantKey> = self
            .variants
            .iter()
            .filter(|(_, variant)| [&variant.html, &variant.txt].into_iter().flatten().any(|it| it.subject.is_some()))
            .map(|(key, _)| key.clone())
            .collect();
        for shape in &mut self.shapes {
            let key = VariantKey {
                beside: shape.beside.clone(),
                message: shape.message.clone(),
                channel: shape.channel.clone(),
                language: shape.language.clone(),
            };
            shape.has_subject |= with_subject.binary_search(&key).is_ok();
        }
    }
}

/// A range that may be shown: MiniJinja's may end after the text, or within a letter.
fn clip(range: Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(range.start);
    start..text.floor_char_boundary(range.end).max(start)
}

/// MiniJinja as this project uses it: strict, bounded, and without what would reach outside the template.
fn environment(presentation: &Presentation) -> Environment<'static> {
    let mut environment = Environment::new();
    // A missing value may be asked for in a condition, and nowhere else.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(
        |name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    environment.set_debug(true);
    environment.set_fuel(Some(FUEL));
    environment.remove_filter("safe");
    // It prints every value that the template is given.
    environment.remove_global("debug");
    values::add_filters(&mut environment, presentation);
    environment
}
