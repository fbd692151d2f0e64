//! What is looked at before a template is parsed. What is too large: MiniJinja limits nesting, and not chains (`a.b.b.b...`),
//! which would overflow the stack of whoever walks them. And what is opened and never closed, which the parser finds at the
//! end of the text only, far from the mistake.

use super::Broken;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

/// The most tokens between `{{` and `}}`, or `{%` and `%}`.
const TOKENS_MAX: usize = 400;
/// The most `elif` of a template: each is inside the one before.
const ELIF_MAX: usize = 200;

/// What a block may be, and how its end is called.
const BLOCKS: [(&str, &str); 5] =
    [("for", "endfor"), ("if", "endif"), ("with", "endwith"), ("filter", "endfilter"), ("autoescape", "endautoescape")];

/// Refuses a template whose chains are too long, or that leaves a block open.
pub(super) fn judge(text: &str, offset: usize) -> Result<(), Broken> {
    let (mut count, mut elif) = (0, 0);
    let (mut open, mut begins) = (Vec::new(), None);
    // What is no token is reported by the parser, in its words.
    for (token, span) in tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok) {
        match token {
            Token::VariableStart | Token::BlockStart => count = 0,
            Token::Ident("elif") => elif += 1,
            _ => {}
        }
        count += 1;
        let range = span.start_offset as usize + offset..span.end_offset as usize + offset;
        if let (Some(start), Token::Ident(word)) = (begins, &token) {
            turn(&mut open, word, start..range.end)?;
        }
        begins = matches!(token, Token::BlockStart).then_some(range.start);
        if count > TOKENS_MAX {
            return Err(Broken::new(format!("an expression has at most {TOKENS_MAX} parts"), range));
        }
        if elif > ELIF_MAX {
            return Err(Broken::new(format!("a template has at most {ELIF_MAX} `elif`"), range));
        }
    }
    open.pop().map_or(Ok(()), |block| Err(never_closed(&block)))
}

/// A block that has begun.
struct Open {
    name: &'static str,
    end: &'static str,
    range: Range<usize>,
}

/// The first word between `{%` and `%}` opens a block, or closes the last one.
fn turn(open: &mut Vec<Open>, word: &str, range: Range<usize>) -> Result<(), Broken> {
    if let Some((name, end)) = BLOCKS.iter().find(|(name, _)| *name == word) {
        open.push(Open { name, end, range });
    } else if let Some(place) = open.iter().rposition(|block| block.end == word) {
        let inside = open.split_off(place).into_iter().nth(1);
        return inside.map_or(Ok(()), |block| Err(never_closed(&block)));
    }
    Ok(())
}

fn never_closed(block: &Open) -> Broken {
    let Open { name, end, range } = block;
    Broken::new(format!("this `{name}` is never closed: write `{{% {end} %}}` where it ends"), range.clone())
}
