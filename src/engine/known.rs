//! What was found out about a contact and is asked again and again: it follows from what is beside it, so it is never saved.

use super::moves::{Move, Moves};
use super::policy::LinkedPolicy;
use crate::model::{Id, may_be_email};
use crate::time::{Instant, Zone};
use std::cell::RefCell;
use std::sync::Arc;

/// The last that was looked at, each with what was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    address: RefCell<Option<(Arc<str>, bool)>>,
    zone: RefCell<Option<(Arc<str>, Option<Zone>)>>,
    held_out: RefCell<Option<(Id, bool)>>,
    moves: RefCell<Moves>,
    quiet: RefCell<Quiet>,
}

/// The instants that were last looked at for quiet hours, each in a zone, and when those end. All messages of one instant are
/// judged one after the other, and mostly wait for one other.
#[derive(Clone, Debug, Default)]
struct Quiet {
    known: [Option<(Instant, Zone, Option<Instant>)>; 2],
    next: usize,
}

impl Known {
    pub fn clear(&mut self) {
        *self.held_out.get_mut() = None;
        // The texts of one contact are rarely those of another.
        *self.address.get_mut() = None;
        *self.zone.get_mut() = None;
        // The next contact may live under another policy.
        *self.quiet.get_mut() = Quiet::default();
    }

    /// As [`may_be_email`], which goes through a text once as long as messages go to the same.
    pub fn may_be_email(&self, text: &Arc<str>) -> bool {
        of_text(&self.address, text, may_be_email)
    }

    /// As [`Zone::named`] of a text without the spaces around it.
    pub fn zone(&self, text: &Arc<str>) -> Option<Zone> {
        of_text(&self.zone, text, |text| Zone::named(text.trim()))
    }

    /// As [`Zone::add`].
    pub fn moved(&self, of: Move) -> Option<Instant> {
        self.moves.borrow_mut().end(of)
    }

    /// As [`LinkedPolicy::quiet_until`]. The policy is that of the program whose state this stands beside.
    pub fn quiet_until(&self, policy: &LinkedPolicy, zone: Zone, at: Instant) -> Option<Instant> {
        let mut quiet = self.quiet.borrow_mut();
        let Quiet { known, next } = &mut *quiet;
        if let Some((.., until)) = known.iter().flatten().find(|(of, in_zone, _)| *of == at && *in_zone == zone) {
            return *until;
        }
        let until = policy.quiet_until(zone, at);
        known.iter_mut().skip(*next).take(1).for_each(|place| *place = Some((at, zone, until)));
        *next = (*next + 1) % known.len();
        until
    }

    /// As [`LinkedPolicy::holds_out`], which draws. The policy is that of the program whose state this stands beside.
    pub fn is_held_out(&self, policy: &LinkedPolicy, person: &Id) -> bool {
        let mut known = self.held_out.borrow_mut();
        match &*known {
            Some((of, is_held_out)) if of == person => *is_held_out,
            _ => known.insert((person.clone(), policy.holds_out(person))).1,
        }
    }
}

/// What follows from a text: the same text lies at the same place.
fn of_text<T: Copy>(known: &RefCell<Option<(Arc<str>, T)>>, text: &Arc<str>, find: impl FnOnce(&str) -> T) -> T {
    let mut known = known.borrow_mut();
    match &*known {
        Some((of, found)) if Arc::ptr_eq(of, text) => *found,
        _ => known.insert((text.clone(), find(text))).1,
    }
}
