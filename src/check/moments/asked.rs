//! Conditions that held on the way to an instant, or did not.

use crate::check::truth::{Fact, Known, Possible, Reader, Until, key};
use crate::check::typed::{Expr, Kind};
use crate::model::Literal;
use std::cell::Cell;
use std::rc::Rc;

/// How many pairs of ways are judged; of those after them nothing is claimed.
const PAIRS_MAX: u32 = 4000;

/// How many conditions are judged together.
const TOGETHER_MAX: usize = 16;

/// A condition that held on the way, or did not.
#[derive(Debug)]
pub struct Asked {
    whole: String,
    condition: Expr,
    /// A value, and the constant that it is compared with.
    equals: Option<(String, Literal)>,
    /// The values that it looks at.
    reads: Vec<String>,
    pub holds: bool,
    pub about: About,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Asked) -> bool {
        self.whole == other.whole && self.holds == other.holds && self.about == other.about
    }
}

/// Which event a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    None,
    Trigger,
    /// The one that has ended a wait.
    Awaited,
}

/// Of a whole that is kept beside its parts, either can be asked for again. `event` tells which event is at hand.
pub fn ask(condition: &Expr, holds: bool, event: About, asked: &mut Vec<Rc<Asked>>) {
    match &condition.kind {
        Kind::Not(inner) => return ask(inner, !holds, event, asked),
        Kind::And(parts) if holds => parts.iter().for_each(|part| ask(part, true, event, asked)),
        Kind::Or(parts) if !holds => parts.iter().for_each(|part| ask(part, false, event, asked)),
        _ => {}
    }
    let equals = match &condition.kind {
        Kind::Equal(pair) => match &pair.1.kind {
            Kind::Literal(literal) => Some((key(&pair.0, true), literal.clone())),
            _ => None,
        },
        _ => None,
    };
    let is_of_event = condition.any(|kind| matches!(kind, Kind::Trigger(_) | Kind::Event(_)));
    let about = if is_of_event { event } else { About::None };
    let (whole, reads) = (key(condition, true), reads(condition));
    asked.push(Rc::new(Asked { whole, condition: condition.clone(), equals, reads, holds, about }));
}

/// The values that a condition looks at.
fn reads(condition: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    condition.visit(&mut |expr| match &expr.kind {
        Kind::History(history) => found.push(history.event.clone()),
        Kind::Contact(_) | Kind::Trigger(_) | Kind::Event(_) | Kind::Field { .. } | Kind::Aggregate(_) => {
            found.push(key(expr, true));
        }
        _ => {}
    });
    found
}

impl Asked {
    /// Whether the two cannot hold of one person, nor of one event where they are about one.
    pub fn contradicts(&self, other: &Asked) -> bool {
        match (&self.equals, &other.equals) {
            (Some((one, value)), Some((other_one, other_value))) if value != other_value && one == other_one => {
                self.holds && other.holds
            }
            _ => self.holds != other.holds && self.whole == other.whole,
        }
    }

    fn came_to(&self) -> Possible {
        if self.holds { Possible::TRUE } else { Possible::NOT_TRUE }
    }

    fn fact(&self) -> Fact<'_> {
        let (of_trigger, came_to) = (self.about != About::None, self.came_to());
        let (condition, place) = (&self.condition, self.condition.span);
        Fact { condition, of_trigger, came_to, until: Until::Change, place, why: "" }
    }
}

/// Judges what cannot hold together.
#[derive(Debug)]
pub struct Judge<'r> {
    reader: Reader<'r>,
    /// How many pairs are still judged.
    left: Cell<u32>,
}

impl<'r> Judge<'r> {
    pub fn new(reader: Reader<'r>) -> Judge<'r> {
        Judge { reader, left: Cell::new(PAIRS_MAX) }
    }
}

/// Whether what held on one way cannot all hold with what held on another.
pub fn exclude(one: &[&Asked], other: &[&Asked], judge: &Judge) -> bool {
    let shares = |asked: &Asked, others: &[&Asked]| {
        let is_among =
            |read: &String| others.iter().any(|other| other.whole != asked.whole && other.reads.contains(read));
        asked.reads.iter().any(is_among)
    };
    let near: Vec<&&Asked> = other.iter().filter(|asked| shares(asked, one)).take(TOGETHER_MAX).collect();
    if near.is_empty() || judge.left.get() == 0 {
        return false;
    }
    judge.left.set(judge.left.get() - 1);
    let reader = &judge.reader;
    let mut known = Known::default();
    one.iter()
        .filter(|asked| shares(asked, other))
        .take(TOGETHER_MAX)
        .for_each(|asked| known.learn(reader, asked.fact()));
    near.into_iter().any(|asked| {
        let fact = asked.fact();
        let possible = reader.possible(&known, fact.condition, fact.of_trigger);
        known.learn(reader, fact);
        let holds = if asked.holds { possible.truth } else { possible.falsehood || possible.unknown };
        !holds
    })
}
