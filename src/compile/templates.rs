//! Templates as texts that findings point into, and the silences in their comments.

use crate::diagnostic::{Diagnostic, Silence, silence};
use crate::model::{Surroundings, TemplateShape};
use crate::span::{Sources, Span};

/// What surrounds the texts, with the templates among the sources.
pub(super) fn placed(surroundings: &Surroundings, sources: &mut Sources) -> Surroundings {
    let mut placed = surroundings.clone();
    for shape in placed.templates.iter_mut().flatten() {
        shape.source = sources.add(shape.path.clone(), shape.text.clone());
    }
    placed
}

/// The silences of all templates, `{# scn: allow RULE because REASON #}`, and what is wrong with those that are none.
pub(super) fn silences(surroundings: &Surroundings) -> (Vec<Silence>, Vec<Diagnostic>) {
    let (mut silences, mut wrong) = (Vec::new(), Vec::new());
    for shape in surroundings.templates.iter().flatten() {
        for range in &shape.comments {
            let marked = shape.text.get(range.clone()).unwrap_or("");
            // `{#- ... -#}` takes white space off the text around it.
            let start = range.start + (marked.len() - marked.trim_start_matches(['-', '+']).len());
            let comment = marked.trim_matches(['-', '+']);
            let span = Span::new(shape.source, start, start + comment.len());
            match silence::read(comment, span, line(shape, range.start, range.end)) {
                Ok(more) => silences.extend(more),
                Err(found) => wrong.push(*found),
            }
        }
    }
    (silences, wrong)
}

/// The line of which a comment speaks: its own, or the next that says something where it stands alone.
fn line(shape: &TemplateShape, start: usize, end: usize) -> Span {
    let text = &*shape.text;
    let begins = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |feed| feed + 1);
    let ends = |from: usize| text.get(from..).and_then(|rest| rest.find('\n')).map_or(text.len(), |feed| from + feed);
    let rest = text.get(end..ends(end)).unwrap_or("");
    let before = text.get(begins..start).unwrap_or("").trim();
    let is_alone = matches!(before, "{#" | "#") && matches!(rest.trim(), "" | "#}");
    let mut from = begins;
    if is_alone {
        from = ends(end);
        while let Some(next) = text.get(from + 1..ends(from + 1)).filter(|_| from < text.len()) {
            from += 1;
            if !next.trim().is_empty() {
                break;
            }
            from = ends(from);
        }
    }
    Span::new(shape.source, from, ends(from))
}
