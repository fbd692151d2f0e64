//! Sources and the standard library to IR.

use crate::diagnostic::Diagnostic;
use crate::ir::{Bundle, StepIx, TestCase};
use crate::model::{Configuration, Model, Surroundings};
use crate::span::{SourceId, Sources, Span};
use std::collections::BTreeMap;

/// The texts of a project.
#[derive(Clone, Debug, Default)]
pub struct Input {
    pub sources: Sources,
    pub files: Vec<InputFile>,
}

/// One `.scn` file. All files of a project declare names for each other; only the selected ones are
/// judged and compiled.
#[derive(Clone, Debug)]
pub struct InputFile {
    pub source: SourceId,
    /// The file's name without `.scn`: the name of a bare scenario.
    pub stem: String,
    /// The file's folder, as [`crate::model::TemplateShape::beside`] writes it.
    pub folder: String,
    pub selected: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The texts of `Input`, and the standard library's after them.
    pub sources: Sources,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    pub model: Model,
    /// The scenarios of the selected files; `None` when there is an error.
    pub bundle: Option<Bundle>,
    /// Where each instruction of a scenario was written, by the scenario's name.
    pub origins: BTreeMap<String, Origin>,
    /// The tests of the selected files, in order; empty when there is an error.
    pub tests: Vec<TestCase>,
    /// Every name in reach.
    pub words: Vec<WordEntry>,
}

/// What a scenario's hash leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub title: Option<String>,
    pub doc: Option<String>,
    /// The whole scenario.
    pub span: Span,
    /// The folder of its file.
    pub folder: String,
    pub steps: Vec<(StepIx, Span)>,
}

/// A name in reach, for `scn words`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordEntry {
    /// `product`, `product.delay`, `repurchased`, `renewal`, `email reminder`.
    pub name: String,
    /// `entity`, `event`, `field`, `definition`, `scenario`, `message`.
    pub kind: &'static str,
    /// Its declaration as written, in one line.
    pub text: String,
    pub doc: Option<String>,
    pub span: Span,
}

/// Compiles the selected files. Total: whatever the texts, it returns.
pub fn compile(_input: &Input, _surroundings: &Surroundings, _configuration: &Configuration) -> Compiled {
    Compiled {
        sources: Sources::default(),
        diagnostics: Vec::new(),
        model: Model::default(),
        bundle: None,
        origins: BTreeMap::new(),
        tests: Vec::new(),
        words: Vec::new(),
    }
}
