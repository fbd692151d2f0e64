//! What was worked out in a step: values that follow from the contact alone, for which several scenarios ask in the same words.

use super::eval::Eval;
use super::value::Value;
use crate::ir::ExprIx;
use smallvec::SmallVec;
use std::cell::RefCell;

/// The values of one step, by the numbers of their words.
///
/// They follow from what is known of the contact at the instant of the step: its fields, its events that have arrived, what
/// scenarios did to it, the measures. In a step nothing arrives; so they hold until a step of a scenario [changes](Answered::forget)
/// the contact.
#[derive(Debug, Default)]
pub(super) struct Answered(RefCell<SmallVec<[(u32, Value); 4]>>);

/// More are not looked through faster than they are worked out.
const MOST: usize = 16;

impl Answered {
    /// The contact changed.
    pub fn forget(&mut self) {
        self.0.get_mut().clear();
    }

    fn get(&self, number: u32) -> Option<Value> {
        self.0.borrow().iter().find(|(known, _)| *known == number).map(|(_, value)| value.clone())
    }

    fn put(&self, number: u32, value: &Value) {
        let mut known = self.0.borrow_mut();
        if known.len() < MOST {
            known.push((number, value.clone()));
        }
    }
}

impl Eval<'_> {
    /// A value that is worked out once in a step, where it follows from the contact alone.
    pub(super) fn once(&self, ix: ExprIx, work: impl Fn() -> Value) -> Value {
        // A test that reads a field that it did not give must say so at each reading.
        let answered = self.inside.and_then(|inside| inside.answered).filter(|_| self.not_given.is_none());
        let Some((answered, number)) = answered.zip(self.code.words_number(ix)) else { return work() };
        if let Some(known) = answered.get(number) {
            debug_assert_eq!(known, work(), "what was answered in this step holds");
            return known;
        }
        let value = work();
        answered.put(number, &value);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_is_forgotten_when_the_contact_changes() {
        let mut answered = Answered::default();
        (0..40).for_each(|number| answered.put(number, &Value::text("before")));
        assert_eq!([answered.get(0), answered.get(39)], [Some(Value::text("before")), None]);
        answered.forget();
        assert_eq!(answered.get(0), None);
        answered.put(0, &Value::text("after"));
        assert_eq!(answered.get(0), Some(Value::text("after")));
    }
}
