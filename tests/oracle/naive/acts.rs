//! What scenarios do to their contact.

use super::Life;
use crate::story::{Act, Node};

impl Life<'_> {
    /// "Effects on the contact (`set`, `tag`, `credit`) are visible to all that follows."
    pub(super) fn act(&mut self, place: usize, node: &Node, act: Act, held: Option<&'static str>) {
        let (effect, what) = match act {
            Act::Tag { add: true, tag } => ("tag", tag.to_owned()),
            Act::Tag { add: false, tag } => ("untag", tag.to_owned()),
            Act::Tier(tier) => ("set", format!("contact.tier = {tier:?}")),
            Act::Credit(points) => ("credit", format!("{points} points")),
            Act::Debit(points) => ("debit", format!("{points} points")),
        };
        let missing = matches!(act, Act::Debit(points) if points > self.points);
        let (outcome, reason) = match (held, missing) {
            (Some(reason), _) => ("skipped", reason),
            (None, true) => ("skipped", "not enough"),
            (None, false) => ("done", ""),
        };
        let line = self.line(place, node.number, effect, ("", &what), outcome, reason);
        self.lines.push(line);
        if outcome == "skipped" {
            return;
        }
        match act {
            Act::Tag { add: true, tag } => drop(self.tags.insert(tag)),
            Act::Tag { add: false, tag } => drop(self.tags.remove(tag)),
            Act::Tier(tier) => self.tier = Some(tier.to_owned()),
            Act::Credit(points) => self.points += points,
            Act::Debit(points) => self.points -= points,
        }
        match act {
            Act::Tag { .. } | Act::Tier(_) => self.stirred = true,
            Act::Credit(_) | Act::Debit(_) => self.booked += 1,
        }
    }
}
