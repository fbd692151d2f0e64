//! What is too large to be parsed: MiniJinja limits nesting, and not chains (`a.b.b.b...`), which would
//! overflow the stack of whoever walks them.

use super::Broken;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// The most tokens between `{{` and `}}`, or `{%` and `%}`.
const TOKENS_MAX: usize = 400;
/// The most `elif` of a template: each is inside the one before.
const ELIF_MAX: usize = 200;

/// Refuses a template whose chains are too long.
pub(super) fn judge(text: &str, offset: usize) -> Result<(), Broken> {
    let (mut count, mut elif) = (0, 0);
    // What is no token is reported by the parser, in its words.
    for (token, span) in tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok) {
        match token {
            Token::VariableStart | Token::BlockStart => count = 0,
            Token::Ident("elif") => elif += 1,
            _ => {}
        }
        count += 1;
        let range = span.start_offset as usize + offset..span.end_offset as usize + offset;
        if count > TOKENS_MAX {
            return Err(Broken::new(format!("an expression has at most {TOKENS_MAX} parts"), range));
        }
        if elif > ELIF_MAX {
            return Err(Broken::new(format!("a template has at most {ELIF_MAX} `elif`"), range));
        }
    }
    Ok(())
}
