//! The fields that a copy adds to an entity or an event, in a project that has some of them already.

use super::super::exit::{Exit, Failure};
use super::super::project::Project;
use crate::diagnostic::render::clean;
use crate::format::format;
use crate::span::{SourceId, Span};
use crate::syntax::parse;
use crate::syntax::tree::{Field, ItemKind};
use std::collections::BTreeMap;

/// The text of a copy without the fields that the project declares in the same words.
///
/// # Errors
/// When the project declares such a field in other words.
pub fn without_known(project: &Project, path: &str, text: &str) -> Result<String, Failure> {
    let known = known(project);
    let mut gone: Vec<Span> = Vec::new();
    for item in parse(SourceId::default(), text).file.items {
        let ItemKind::Extend(extend) = &item.kind else { continue };
        let mut there = Vec::new();
        for field in &extend.fields {
            let name = (extend.name.value.clone(), field.name.value.clone());
            let Some((said, place)) = known.get(&name) else { continue };
            if *said != words(text, field) {
                let field = format!("{}.{}", clean(&name.0), clean(&name.1));
                let message = format!("`{field}` of `{path}` is declared already and otherwise, in {}", clean(place));
                let help = "rename that field first, or copy what you need by hand";
                return Err(Failure::new(Exit::Usage, message).help(help));
            }
            there.push(field.span);
        }
        match there.len() == extend.fields.len() {
            true => gone.push(item.span),
            false => gone.extend(there),
        }
    }
    if gone.is_empty() {
        return Ok(text.to_owned());
    }
    let mut left = text.to_owned();
    // From the end, so that places before stay what they are.
    for span in gone.iter().rev() {
        left.replace_range(span.start as usize..span.end as usize, "");
    }
    Ok(format(&left).unwrap_or(left))
}

/// The fields that the project declares, by entity or event and name: in which words, and in which file.
fn known(project: &Project) -> BTreeMap<(String, String), (Vec<String>, String)> {
    let mut known = BTreeMap::new();
    for file in &project.input.files {
        let Some(source) = project.input.sources.get(file.source) else { continue };
        for item in parse(SourceId::default(), &source.text).file.items {
            let (name, fields) = match item.kind {
                ItemKind::Extend(extend) => (extend.name.value, extend.fields),
                ItemKind::Entity(entity) => (entity.name.value, entity.fields),
                ItemKind::Event(event) => (event.name.value, event.fields),
                _ => continue,
            };
            for field in &fields {
                let said = (words(&source.text, field), source.name.clone());
                known.insert((name.clone(), field.name.value.clone()), said);
            }
        }
    }
    known
}

/// The words of a field, without comments and white space.
fn words(text: &str, field: &Field) -> Vec<String> {
    let start = field.name.span.start as usize;
    let text = text.get(start..field.span.end as usize).unwrap_or("");
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or(""));
    lines.flat_map(str::split_whitespace).map(|word| word.trim_matches(',').to_owned()).collect()
}
