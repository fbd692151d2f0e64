//! What a template says whatever its values are: what is written out in it, and the shortest that can come of it.

use crate::model::TemplateText;
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

/// Reads a part of a file that begins at `offset`; a part that is no template says nothing.
pub(super) fn read(part: &str, offset: usize) -> TemplateText {
    let mut walk = Walk { part, offset, literal: Vec::new(), hidden: Vec::new(), is_hidden: false };
    let shortest = match parse(part, "template", SyntaxConfig::default()) {
        Ok(tree) => walk.statement(&tree),
        Err(_) => String::new(),
    };
    TemplateText { range: offset..offset + part.len(), literal: walk.literal, hidden: walk.hidden, shortest }
}

struct Walk<'a> {
    part: &'a str,
    offset: usize,
    literal: Vec<Range<usize>>,
    hidden: Vec<Range<usize>>,
    /// Whether this is in a branch that is never taken.
    is_hidden: bool,
}

impl Walk<'_> {
    fn all(&mut self, statements: &[Stmt<'_>]) -> String {
        statements.iter().map(|statement| self.statement(statement)).collect()
    }

    fn statement(&mut self, statement: &Stmt<'_>) -> String {
        match statement {
            Stmt::Template(template) => self.all(&template.children),
            Stmt::EmitRaw(raw) => {
                // The engine takes white space off a text whose place it keeps.
                let start = raw.span().start_offset as usize;
                if let Some(skipped) = self.part.get(start..).and_then(|rest| rest.find(raw.raw)) {
                    let start = self.offset + start + skipped;
                    let to = if self.is_hidden { &mut self.hidden } else { &mut self.literal };
                    to.push(start..start + raw.raw.len());
                }
                raw.raw.to_owned()
            }
            Stmt::ForLoop(repeat) => {
                let turn = self.all(&repeat.body);
                let otherwise = self.all(&repeat.else_body);
                shorter(turn, otherwise)
            }
            Stmt::IfCond(branch) => {
                let holds = match &branch.expr {
                    Expr::Const(constant) => Some(constant.value.is_true()),
                    _ => None,
                };
                let then = self.branch(&branch.true_body, holds == Some(false));
                let otherwise = self.branch(&branch.false_body, holds == Some(true));
                match holds {
                    Some(true) => then,
                    Some(false) => otherwise,
                    None => shorter(then, otherwise),
                }
            }
            Stmt::WithBlock(block) => self.all(&block.body),
            Stmt::AutoEscape(block) => self.all(&block.body),
            Stmt::FilterBlock(block) => {
                // What a filter makes of it is not known.
                self.all(&block.body);
                String::new()
            }
            Stmt::SetBlock(set) => {
                self.all(&set.body);
                String::new()
            }
            Stmt::EmitExpr(emit) => {
                if self.is_hidden {
                    let span = emit.span();
                    self.hidden.push(self.offset + span.start_offset as usize..self.offset + span.end_offset as usize);
                }
                String::new()
            }
            Stmt::Set(_) | Stmt::Do(_) => String::new(),
        }
    }

    fn branch(&mut self, body: &[Stmt<'_>], is_never_taken: bool) -> String {
        let before = self.is_hidden;
        self.is_hidden |= is_never_taken;
        let said = self.all(body);
        self.is_hidden = before;
        said
    }
}

fn shorter(one: String, other: String) -> String {
    if other.chars().count() < one.chars().count() { other } else { one }
}

/// The insides of a file's comments: `{# ... #}` anywhere, and `# ...` lines of its front matter.
pub(super) fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (place, line) in text.split_inclusive('\n').enumerate() {
        let is_fence = line.trim_end() == "---";
        match (place, is_fence) {
            (0, false) => break,
            (0, true) => {}
            (_, true) => break,
            _ => {
                let inside = line.trim_start().strip_prefix('#').map(str::trim_end);
                let begins = start + line.find('#').map_or(0, |mark| mark + 1);
                found.extend(inside.map(|inside| begins..begins + inside.len()));
            }
        }
        start += line.len();
    }
    let mut at = 0;
    while let Some(opens) = text.get(at..).and_then(|rest| rest.find("{#")) {
        let inside = at + opens + 2;
        let Some(length) = text.get(inside..).and_then(|rest| rest.find("#}")) else { break };
        found.push(inside..inside + length);
        at = inside + length + 2;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_is_what_is_always_said() {
        for (part, shortest) in [
            ("Hello", "Hello"),
            ("Hello {{ contact.first_name }}!", "Hello !"),
            ("{% if a %}long words{% else %}short{% endif %}.", "short."),
            ("{% if a %}long words{% endif %}.", "."),
            ("{% if false %}x{% else %}long words{% endif %}.", "long words."),
            ("{% for a in b %}row{% endfor %}.", "."),
            ("{% for a in b %}row{% else %}no{% endfor %}.", "no."),
            ("{% set a = 1 %}{% set b %}text{% endset %}x", "x"),
            ("a {{- b -}} c", "ac"),
            ("a {# comment #}b", "a b"),
            ("{% broken", ""),
        ] {
            assert_eq!(read(part, 0).shortest, shortest, "{part}");
        }
    }

    #[test]
    fn what_is_written_out_is_found_where_it_stands() {
        let text = "---\nsubject: x\n---\nPlaît {{- a -}}  {% if b %}ça{% else %}à{% endif %} !";
        let offset = text.find("Pla").unwrap();
        let read = read(&text[offset..], offset);
        let literal: Vec<&str> = read.literal.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(literal.concat(), "Plaîtçaà !");
    }

    #[test]
    fn what_is_never_taken_is_hidden() {
        let text =
            "a{% if false %}b{{ c }}{% if d %}e{% endif %}{% else %}f{% endif %}{% if true %}g{% else %}h{% endif %}";
        let read = read(text, 0);
        let words =
            |ranges: &[Range<usize>]| ranges.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>().join(" ");
        assert_eq!((words(&read.literal), words(&read.hidden)), ("a f g".to_owned(), "b c e h".to_owned()));
    }

    #[test]
    fn comments_are_found_in_the_front_matter_and_in_the_text() {
        let text = "---\n# one\nsubject: # no\n---\n# no {# two #} x {#- three -#}\n{# never ends";
        let found: Vec<&str> = comments(text).into_iter().map(|range| text.get(range).unwrap()).collect();
        assert_eq!(found, [" one", " two ", "- three -"]);
        assert!(comments("# no\n---\n# no").is_empty());
    }
}
