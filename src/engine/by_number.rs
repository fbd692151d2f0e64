//! Things by small numbers, all of which are forgotten at once.

/// A table without holes: what was there before the last [`ByNumber::clear`] is told by its turn, so that nobody goes through it.
#[derive(Clone, Debug)]
pub(super) struct ByNumber<T> {
    turn: u32,
    things: Vec<(u32, T)>,
}

impl<T> Default for ByNumber<T> {
    fn default() -> Self {
        ByNumber { turn: 1, things: Vec::new() }
    }
}

impl<T: Default> ByNumber<T> {
    pub fn clear(&mut self) {
        match self.turn.checked_add(1) {
            Some(turn) => self.turn = turn,
            None => *self = ByNumber::default(),
        }
    }

    pub fn get(&self, number: u32) -> Option<&T> {
        self.things.get(number as usize).filter(|(turn, _)| *turn == self.turn).map(|(_, thing)| thing)
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.things.get_mut(number as usize).filter(|(turn, _)| *turn == self.turn).map(|(_, thing)| thing)
    }

    pub fn insert(&mut self, number: u32, thing: T) {
        let place = number as usize;
        if self.things.len() <= place {
            self.things.resize_with(place + 1, || (0, T::default()));
        }
        if let Some(known) = self.things.get_mut(place) {
            *known = (self.turn, thing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cleared_is_not_there() {
        let mut things: ByNumber<i32> = ByNumber::default();
        assert_eq!(things.get(0), None);
        things.insert(3, 30);
        assert_eq!([things.get(2), things.get(3), things.get(4)], [None, Some(&30), None]);
        things.clear();
        assert_eq!(things.get(3), None);
        assert_eq!(things.get_mut(3), None);
        things.insert(2, 20);
        assert_eq!([things.get(2), things.get(3)], [Some(&20), None]);
    }

    #[test]
    fn turns_that_run_out_begin_anew() {
        let mut things: ByNumber<i32> = ByNumber { turn: u32::MAX, things: Vec::new() };
        things.insert(0, 1);
        things.clear();
        assert_eq!(things.get(0), None);
        things.insert(0, 2);
        assert_eq!(things.get(0), Some(&2));
    }
}
