//! What `check` must know of the world outside the texts, as plain data: `channel` and `store` produce it,
//! `cli` hands it over.

use crate::span::SourceId;
use std::ops::Range;
use std::sync::Arc;

/// The templates and the CRM beside a project. `None` where nobody looked: then nothing is said about it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub templates: Option<Vec<TemplateShape>>,
    pub crm: Option<CrmShape>,
}

/// One template file, as far as it can be judged without a contact.
#[derive(Clone, Debug, Default)]
pub struct TemplateShape {
    pub message: String,
    pub channel: String,
    pub language: Option<String>,
    /// The folder of the scenario file beside whose `templates/` it lies; `None` for the project's own `templates/`.
    pub beside: Option<String>,
    /// As shown to the user.
    pub path: String,
    pub text: Arc<str>,
    /// Where that text stands among the sources: `compile` puts it there.
    pub source: SourceId,
    /// Whether it is the HTML of an email.
    pub is_html: bool,
    /// Whether it has a subject of its own, or lends that of its twin.
    pub has_subject: bool,
    /// Its own subject.
    pub subject: Option<TemplateText>,
    pub body: TemplateText,
    /// The links of HTML, in the order of the text.
    pub links: Vec<TemplateLink>,
    /// The insides of its comments.
    pub comments: Vec<Range<usize>>,
    pub variables: Vec<TemplateVariable>,
    /// Why it cannot be compiled, and where, in bytes of `text`.
    pub broken: Option<(String, Range<usize>)>,
}

/// What a part of a template says whatever its values are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateText {
    /// The whole part, in bytes of the template's text.
    pub range: Range<usize>,
    /// What is written out in it, all branches, in bytes of the template's text.
    pub literal: Vec<Range<usize>>,
    /// What nobody sees of it, whatever its values are: branches that are never taken, comments of HTML. In bytes of the
    /// template's text.
    pub hidden: Vec<Range<usize>>,
    /// The shortest that can come of it: values are empty, loops have no turn, of two branches the shorter.
    pub shortest: String,
}

/// A link of HTML: what an attribute such as `href` or `src` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateLink {
    /// In bytes of the template's text, without the quotes.
    pub range: Range<usize>,
    /// What is written out at its beginning; all of it where it is whole.
    pub begins: String,
    /// Whether no value and no condition is in it.
    pub is_whole: bool,
}

/// A variable that a template reads: `product.name` is `["product", "name"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVariable {
    pub path: Vec<String>,
    /// Where it stands, in bytes of the template's text.
    pub range: Range<usize>,
    /// Whether the template itself provides for a missing value (`default`, `if`).
    pub guarded: bool,
    pub used: TemplateUse,
}

/// What a template does with what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateUse {
    /// Shows or compares it: a single value.
    Value,
    /// Goes through it: a list.
    List,
    /// Asks whether it is there, or how long it is: a single value or a list.
    Either,
    /// Takes one of a list, as it is.
    Element,
}

/// The tables and views of a CRM.
#[derive(Clone, Debug, Default)]
pub struct CrmShape {
    /// As shown to the user.
    pub path: String,
    pub tables: Vec<CrmTable>,
    /// The views that their database cannot read, with the reason.
    pub broken: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct CrmTable {
    pub name: String,
    pub is_view: bool,
    pub columns: Vec<CrmColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmColumn {
    pub name: String,
    /// As declared; empty for most columns of views.
    pub declared: String,
}

/// Whether two names of tables or columns are one: SQL does not tell capitals from small letters (SQLite, of ASCII alone).
pub fn is_same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

impl CrmShape {
    pub fn table(&self, name: &str) -> Option<&CrmTable> {
        self.tables.iter().find(|table| is_same_name(&table.name, name))
    }

    /// Why a view cannot be read, where it cannot.
    pub fn broken(&self, view: &str) -> Option<&str> {
        self.broken.iter().find(|(name, _)| is_same_name(name, view)).map(|(_, reason)| reason.as_str())
    }
}

impl CrmTable {
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|each| is_same_name(&each.name, column))
    }
}
