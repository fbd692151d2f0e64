//! How a condition says of those without a value what becomes of them: each way is tried before it is proposed.

use super::super::truth::{Known, Possible, Reader};
use super::super::typed::{Expr, Kind};
use super::{Judge, Leaf, Omission, Standing, fact, is_here, path};
use crate::model::{Literal, Type};

/// The two ways, each as it is typed.
#[derive(Debug, Default)]
pub struct Repair {
    /// They are as those whose value it does not name.
    pub joins: Option<String>,
    /// They are as they are now.
    pub stays: Option<String>,
    /// Whether the condition would be true of all whom it reaches if they joined.
    pub lets_all: bool,
    /// Whether something beside the value can let them through already.
    pub may_pass: bool,
}

/// A condition, and the reader with which it is looked at.
#[derive(Clone, Copy)]
struct Tried<'t, 'k> {
    reader: &'t Reader<'t>,
    known: &'t Known<'k>,
    standing: Standing<'t>,
    leaf: &'t Leaf<'t>,
}

impl Repair {
    pub(super) fn of(judge: &Judge, known: &Known, standing: Standing, leaf: &Leaf) -> Repair {
        let tried = Tried { reader: &judge.reader, known, standing, leaf };
        let mut found = Repair { may_pass: tried.may_pass(), ..Repair::default() };
        for (joins, slot) in [(true, &mut found.joins), (false, &mut found.stays)] {
            for (node, wanted) in &leaf.around {
                // Around several values those without one would be let through whatever the others are.
                if !judge.reader.looks_only_at(node, standing.of_trigger, leaf.value) {
                    break;
                }
                let (made, kind) = replacement(leaf, node, *wanted == joins);
                let whole = replaced(standing.condition, node, &made);
                let possible = tried.reader.possible(known, &whole, standing.of_trigger);
                found.lets_all |= joins && possible == Possible::TRUE;
                let decides = match standing.omission.acts() {
                    true => possible.truth && possible != Possible::TRUE,
                    false => possible.falsehood && possible != Possible::FALSE,
                };
                if decides && tried.is_said(&whole) {
                    *slot = tried.written(judge, node, kind);
                    break;
                }
            }
        }
        found
    }
}

impl Tried<'_, '_> {
    /// Whether a condition says of them what becomes of them.
    fn is_said(&self, condition: &Expr) -> bool {
        let Standing { of_trigger, omission, .. } = self.standing;
        !self.reader.omits(self.known, condition, of_trigger, omission.acts(), self.leaf.value)
    }

    fn may_pass(&self) -> bool {
        let Standing { condition, of_trigger, omission, .. } = self.standing;
        let present = asks(self.leaf.value, Kind::Has);
        let missing = Expr { kind: Kind::Not(Box::new(present.clone())), ..present };
        let mut known = self.known.clone();
        known.learn(self.reader, fact(&missing, of_trigger));
        let possible = self.reader.possible(&known, condition, of_trigger);
        if omission.acts() { possible.truth } else { possible.falsehood }
    }

    /// A way in words that can be typed; where it is for more than the question, also for what.
    fn written(&self, judge: &Judge, node: &Expr, way: Way) -> Option<String> {
        let (path, _) = path(self.leaf.value)?;
        let is_filter = matches!(self.standing.omission, Omission::Filtered);
        let is_asked = std::ptr::eq(node, self.leaf.asked);
        // Whether the words of a definition deny or are denied is not to be seen here, but of a filter in it.
        let is_defined = self.leaf.is_definition() && is_asked && is_filter;
        if !is_defined && !is_here(judge.scenario, node) {
            return None;
        }
        let text = judge.text(node.span)?;
        let own = bare(text.strip_prefix("where ").unwrap_or(&text));
        let own = match node.kind {
            Kind::And(_) | Kind::Or(_) if !is_name(own) => format!("({own})"),
            _ => own.to_owned(),
        };
        let said = match way {
            Way::Default => format!("({path} default no)"),
            Way::OrEmpty => format!("({path} is empty or {own})"),
            Way::AndHas => format!("(has {path} and {own})"),
        };
        Some(match is_filter && node.span == self.standing.condition.span {
            true => format!("`where {said}`"),
            false if is_asked => format!("`{said}`"),
            false => format!("`{said}` for `{text}`"),
        })
    }
}

/// How a part of a condition is written otherwise.
#[derive(Clone, Copy)]
enum Way {
    Default,
    OrEmpty,
    AndHas,
}

/// What stands in the place of a part; where they join they make it what lets the others through.
fn replacement(leaf: &Leaf, node: &Expr, is_so: bool) -> (Expr, Way) {
    let is_bare = matches!(node.kind, Kind::Contact(_) | Kind::Trigger(_) | Kind::Event(_) | Kind::Field { .. });
    let flag = |kind: Kind| Expr::new(kind, Type::Flag, true, node.span);
    match is_so {
        true => (flag(Kind::Or(vec![asks(leaf.value, Kind::IsEmpty), node.clone()])), Way::OrEmpty),
        false if is_bare => {
            let no = Expr::literal(Literal::Flag(false), Type::Flag, node.span);
            (flag(Kind::Default(Box::new((node.clone(), no)))), Way::Default)
        }
        false => (flag(Kind::And(vec![asks(leaf.value, Kind::Has), node.clone()])), Way::AndHas),
    }
}

fn asks(value: &Expr, kind: fn(Box<Expr>) -> Kind) -> Expr {
    Expr::new(kind(Box::new(value.clone())), Type::Flag, false, value.span)
}

/// A condition with another part in the place of one.
fn replaced(expr: &Expr, part: &Expr, by: &Expr) -> Expr {
    if std::ptr::eq(expr, part) {
        return by.clone();
    }
    let each = |all: &[Expr]| all.iter().map(|each| replaced(each, part, by)).collect();
    let kind = match &expr.kind {
        Kind::Not(inner) => Kind::Not(Box::new(replaced(inner, part, by))),
        Kind::And(all) => Kind::And(each(all)),
        Kind::Or(all) => Kind::Or(each(all)),
        _ => return expr.clone(),
    };
    Expr { kind, ..expr.clone() }
}

/// Without the parentheses around the whole.
fn bare(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else { return text };
    let (mut depth, mut is_text) = (0i32, false);
    for sign in inner.chars() {
        match sign {
            '"' => is_text = !is_text,
            '(' if !is_text => depth += 1,
            ')' if !is_text => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return text;
        }
    }
    inner.trim()
}

fn is_name(text: &str) -> bool {
    text.chars().all(|sign| sign.is_alphanumeric() || sign == '_')
}
