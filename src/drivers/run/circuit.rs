//! The circuit breaker: a server that refuses our mail for what we are or say is not asked on and on.

use std::collections::VecDeque;

/// It opens when so many answers in a row blame the sender or the content.
const IN_A_ROW: u32 = 20;
/// It opens when more than so many of the last [`WINDOW`] answers do: more than 5 in a hundred.
const IN_WINDOW: usize = 10;
const WINDOW: usize = 200;

/// The server's latest answers: the mail was taken, or refused for good.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    in_a_row: u32,
    /// Whether each of the latest blames us.
    latest: VecDeque<bool>,
}

impl Circuit {
    pub fn add(&mut self, blames_us: bool) {
        self.in_a_row = if blames_us { self.in_a_row + 1 } else { 0 };
        self.latest.push_back(blames_us);
        if self.latest.len() > WINDOW {
            self.latest.pop_front();
        }
    }

    pub fn is_open(&self) -> bool {
        let blamed = self.latest.iter().filter(|blames_us| **blames_us).count();
        self.in_a_row >= IN_A_ROW || self.latest.len() == WINDOW && blamed > IN_WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many answers it opens.
    fn opens_after(blames_us: impl Fn(usize) -> bool) -> Option<usize> {
        let mut circuit = Circuit::default();
        (1..=1_000).find(|count| {
            circuit.add(blames_us(*count));
            circuit.is_open()
        })
    }

    #[test]
    fn it_opens_at_many_in_a_row_and_at_a_share() {
        assert_eq!(opens_after(|_| true), Some(20));
        assert_eq!(opens_after(|count| count > 500), Some(511));
        assert_eq!(opens_after(|count| count % 20 == 0), None);
        assert_eq!(opens_after(|count| count % 19 == 0), Some(209));
        assert_eq!(opens_after(|count| count % 10 == 0), Some(200));
        assert_eq!(opens_after(|_| false), None);
    }
}
