//! Rendering: a message's values to subject, text and HTML.

use super::{Piece, Templates, Variant, VariantKey, html, plain_text, values};
use crate::channel::address::is_invisible;
use crate::model::MessageValues;
use minijinja::value::Value;
use minijinja::{Error, ErrorKind};
use std::fmt;
use std::io::Write;

/// No part of a message is longer, in bytes.
const LENGTH_MAX: usize = 1024 * 1024;
/// No subject is longer, in characters: a header's line holds 998 bytes (RFC 5322, 2.1.1).
const SUBJECT_MAX: usize = 240;

/// A message as its reader will have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line; `None` on channels without subjects.
    pub subject: Option<String>,
    pub text: String,
    /// Of an email that has an `.html` template.
    pub html: Option<String>,
}

/// Why a message cannot be rendered. It names files and expressions of templates, and no value of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderError {
    NoTemplate {
        message: String,
        channel: String,
        language: Option<String>,
    },
    Broken {
        path: String,
        reason: String,
    },
    /// An expression reads a value that this message has not.
    Missing {
        path: String,
        expression: String,
    },
    Failed {
        path: String,
        expression: Option<String>,
        reason: String,
    },
    TooMuchWork {
        path: String,
    },
    TooLong {
        path: String,
    },
    Nul {
        path: String,
    },
    NoSubject {
        path: String,
    },
    /// A link that is neither to the web, nor mail, nor phone, such as `javascript:`.
    ForeignLink {
        path: String,
    },
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenderError::NoTemplate { message, channel, language: None } => {
                write!(f, "there is no template for `{message}` by {channel}")
            }
            RenderError::NoTemplate { message, channel, language: Some(language) } => {
                write!(
                    f,
                    "there is no template for `{message}` by {channel} in `{language}`, and none without language"
                )
            }
            RenderError::Broken { path, reason } => write!(f, "the template `{path}` is broken: {reason}"),
            RenderError::Missing { path, expression } => write!(f, "`{expression}` has no value in `{path}`"),
            RenderError::Failed { path, expression: Some(expression), reason } => {
                write!(f, "`{expression}` in `{path}` failed: {reason}")
            }
            RenderError::Failed { path, expression: None, reason } => write!(f, "`{path}` failed: {reason}"),
            RenderError::TooMuchWork { path } => write!(f, "`{path}` does more work than a message may"),
            RenderError::TooLong { path } => write!(f, "`{path}` makes a message of more than 1 MiB"),
            RenderError::Nul { path } => write!(f, "`{path}` makes a message with a NUL character"),
            RenderError::ForeignLink { path } => {
                write!(f, "`{path}` makes a link that is neither to the web, nor mail, nor phone")
            }
            RenderError::NoSubject { path } => write!(f, "`{path}` gives this message no subject"),
        }
    }
}

impl std::error::Error for RenderError {}

impl Templates {
    /// Renders a message. The template is that of `language`, else the one without a language. `folder` is where
    /// the compiler found it: beside a scenario's folder, or `None` for the project's own.
    ///
    /// # Errors
    ///
    /// There is no template, or it cannot be rendered with these values.
    pub fn render(
        &self,
        folder: Option<&str>,
        message: &str,
        channel: &str,
        language: Option<&str>,
        values: &MessageValues,
    ) -> Result<Rendered, RenderError> {
        let variant = self.variant(folder, message, channel, language)?;
        let context = values::context(values, self.zone);
        let (html, text) = match (&variant.html, &variant.txt) {
            (Some(html), Some(text)) => (Some(self.document(html, &context)?), self.body(text, &context)?),
            (Some(html), None) => {
                let html = self.document(html, &context)?;
                let text = plain_text::from_html(&html);
                (Some(html), text)
            }
            (None, Some(text)) => (None, self.body(text, &context)?),
            (None, None) => return Err(no_template(message, channel, language)),
        };
        let subject = if channel == "email" { Some(self.subject(variant, &context)?) } else { None };
        Ok(Rendered { subject, text, html })
    }

    fn variant(
        &self,
        folder: Option<&str>,
        message: &str,
        channel: &str,
        language: Option<&str>,
    ) -> Result<&Variant, RenderError> {
        let mut key = VariantKey {
            beside: folder.map(str::to_owned),
            message: message.to_owned(),
            channel: channel.to_owned(),
            language: language.map(str::to_owned),
        };
        if let Some(variant) = self.variants.get(&key) {
            return Ok(variant);
        }
        key.language = None;
        self.variants.get(&key).ok_or_else(|| no_template(message, channel, language))
    }

    fn subject(&self, variant: &Variant, context: &Value) -> Result<String, RenderError> {
        let pieces = || [&variant.html, &variant.txt].into_iter().flatten();
        let path = || pieces().next().map(|piece| piece.path.clone()).unwrap_or_default();
        let (piece, name) = pieces()
            .find_map(|piece| Some((piece, piece.subject.as_ref()?)))
            .ok_or_else(|| RenderError::NoSubject { path: path() })?;
        let line = one_line(&self.part(&piece.path, name, context)?);
        if line.is_empty() { Err(RenderError::NoSubject { path: path() }) } else { Ok(line) }
    }

    fn document(&self, piece: &Piece, context: &Value) -> Result<String, RenderError> {
        let document = self.body(piece, context)?;
        if html::has_foreign_link(&document) {
            return Err(RenderError::ForeignLink { path: piece.path.clone() });
        }
        Ok(document)
    }

    fn body(&self, piece: &Piece, context: &Value) -> Result<String, RenderError> {
        match &piece.broken {
            Some(reason) => Err(RenderError::Broken { path: piece.path.clone(), reason: reason.clone() }),
            None => self.part(&piece.path, &piece.body, context),
        }
    }

    fn part(&self, path: &str, name: &str, context: &Value) -> Result<String, RenderError> {
        let template = self.environment.get_template(name).map_err(|error| failure(path, &error))?;
        let mut out = Bounded::default();
        let result = template.render_captured_to(context.clone(), &mut out);
        if out.full {
            return Err(RenderError::TooLong { path: path.to_owned() });
        }
        result.map_err(|error| failure(path, &error))?;
        if out.bytes.contains(&0) {
            return Err(RenderError::Nul { path: path.to_owned() });
        }
        String::from_utf8(out.bytes).map_err(|_| RenderError::Failed {
            path: path.to_owned(),
            expression: None,
            reason: "the result is not UTF-8".into(),
        })
    }
}

fn no_template(message: &str, channel: &str, language: Option<&str>) -> RenderError {
    RenderError::NoTemplate {
        message: message.to_owned(),
        channel: channel.to_owned(),
        language: language.map(str::to_owned),
    }
}

/// A text on one line: without control and invisible characters, white space as single spaces.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().filter(|letter| letter.is_whitespace() || !is_invisible(*letter)).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ").chars().take(SUBJECT_MAX).collect()
}

/// Says what failed in words of our own: MiniJinja's details may quote values.
fn failure(path: &str, error: &Error) -> RenderError {
    let path = path.to_owned();
    let place = error
        .range()
        .and_then(|range| error.template_source()?.get(range))
        .map(|text| text.trim().chars().take(200).collect::<String>());
    match error.kind() {
        ErrorKind::OutOfFuel => RenderError::TooMuchWork { path },
        kind => match undefined_name(error) {
            Some(expression) => RenderError::Missing { path, expression },
            None => RenderError::Failed { path, expression: place, reason: kind.to_string() },
        },
    }
}

/// The expression that gave no value; MiniJinja writes it from the template: "`product.name` is undefined", or
/// "cannot convert undefined to f64 (`product.price` is undefined)". Other details are not looked at.
fn undefined_name(error: &Error) -> Option<String> {
    let detail = error.detail()?;
    let named = match error.kind() {
        ErrorKind::UndefinedError => detail,
        _ => detail.strip_prefix("cannot convert undefined to ")?,
    };
    let (before, _) = named.split_once("` is undefined")?;
    before.rsplit_once('`').map(|(_, name)| name.to_owned())
}

/// A writer that refuses what is too long, so that a template cannot fill the memory.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + bytes.len() > LENGTH_MAX {
            self.full = true;
            return Err(std::io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
