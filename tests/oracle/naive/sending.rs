//! Messages: whether one may leave, alone or together.

use super::claims::Decided;
use super::{Instance, Life, State};
use crate::calendar;
use crate::story::{Guard, Node, Step};

impl Life<'_> {
    pub(super) fn held(&self, place: usize, node: &Node) -> Option<&'static str> {
        match &node.guard {
            None => None,
            Some(Guard::Unless(condition)) => match self.truth(condition, Some(place), None) {
                Some(false) => None,
                Some(true) => Some("unless"),
                None => Some("unless is unknown"),
            },
            Some(Guard::OnlyIf(condition)) => match self.truth(condition, Some(place), None) {
                Some(true) => None,
                Some(false) => Some("only if"),
                None => Some("only if is unknown"),
            },
        }
    }

    /// The alternative by which a message leaves, or why it does not.
    pub(super) fn may_send(&self, place: usize, node: &Node) -> Result<usize, (&'static str, &'static str)> {
        if let Some(reason) = self.held(place, node) {
            return Err(("skipped", reason));
        }
        if let Some(condition) = self.story(place).stop_when.as_ref().filter(|_| self.may_be_stopped(place)) {
            // "An `unless` or `stop when` that is unknown holds the message back."
            match self.truth(condition, Some(place), None) {
                Some(false) => {}
                Some(true) => return Err(("skipped", "stop when")),
                None => return Err(("skipped", "stop when is unknown")),
            }
        }
        let Step::Send { messages, .. } = &node.step else { unreachable!() };
        let reachable = |channel: &str| {
            let address = if channel == "email" { &self.person.email } else { &self.person.phone };
            address.as_ref().is_some_and(|address| !address.trim().is_empty())
        };
        let found = messages.iter().position(|(channel, _)| reachable(channel));
        found.ok_or(("suppressed", "out of reach"))
    }

    pub(super) fn send_alone(&mut self, place: usize, node: &Node) {
        let verdict = self.may_send(place, node);
        if verdict.is_err() {
            return self.message(place, node, verdict);
        }
        self.instances[place].last_message = Some(self.now);
        let ahead = match self.instances[place].converted {
            true => Vec::new(),
            false => self.instances[place].ahead.clone(),
        };
        self.decided.push(Decided { members: vec![(place, ahead)], node: node.clone() });
    }

    pub(super) fn message(&mut self, place: usize, node: &Node, verdict: Result<usize, (&'static str, &'static str)>) {
        let Step::Send { messages, .. } = &node.step else { unreachable!() };
        let (alternative, outcome, reason) = match verdict {
            Ok(alternative) => (alternative, "sent", ""),
            Err((outcome, reason)) => (0, outcome, reason),
        };
        let (channel, name) = &messages[alternative];
        let line = self.line(place, node.number, "send", (channel, name), outcome, reason);
        self.lines.push(line);
    }

    /// "When the step comes due for one instance, all other instances (...) that stand in the wait just before it and come
    /// due before the next midnight take it at that same instant, each with its own `unless` judged then; those that remain
    /// leave as one message whose `items` are their triggers in order of entry."
    pub(super) fn send_together(&mut self, place: usize, node: Node) {
        let midnight = calendar::next_midnight(self.zone, self.now);
        let is_next = |each: &Instance| each.ahead.first().is_some_and(|next| next.number == node.number);
        let mut members = vec![place];
        for other in 0..self.instances.len() {
            let each = &self.instances[other];
            let is_alike = each.state == State::Runs && each.story == self.instances[place].story;
            let stands = is_alike && each.wait.is_some_and(|(_, until)| until < midnight);
            if other != place && stands && is_next(each) {
                members.push(other);
            }
        }
        members.sort_by_key(|member| (self.instances[*member].trigger.at, *member));
        for member in &members {
            if *member != place {
                self.instances[*member].wait = None;
                self.instances[*member].waits_for = None;
                self.instances[*member].ahead.remove(0);
            }
        }
        let verdicts: Vec<_> = members.iter().map(|member| (*member, self.may_send(*member, &node))).collect();
        let mut leaving = Vec::new();
        for (member, verdict) in &verdicts {
            if verdict.is_err() {
                self.message(*member, &node, *verdict);
                continue;
            }
            leaving.push((*member, self.instances[*member].ahead.clone()));
            self.instances[*member].last_message = Some(self.now);
        }
        if !leaving.is_empty() {
            self.decided.push(Decided { members: leaving, node });
        }
        for member in members {
            self.go_on(member);
        }
    }
}
