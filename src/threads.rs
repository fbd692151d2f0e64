//! Work on many things by all threads that the machine has, with results in the order of the things.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

/// A thread has as much stack as the first one of a program: what one may do there, another may.
const STACK_BYTES: usize = 8 << 20;

/// In about so many blocks the work of each thread is cut, so that none waits long for another.
const BLOCKS: usize = 16;

/// What `work` makes of each item, in the order of the items. Blocks of items go to whichever thread is free, this one among them;
/// where no other is to be had, this one does all.
pub fn each<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let threads = count().min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let size = items.len().div_ceil(threads * BLOCKS);
    let next = AtomicUsize::new(0);
    let run = || {
        let mut made: Vec<(usize, Vec<T>)> = Vec::new();
        loop {
            let block = next.fetch_add(1, Ordering::Relaxed);
            let Some(items) = items.chunks(size).nth(block) else { return made };
            made.push((block, items.iter().map(&work).collect()));
        }
    };
    let mut made = thread::scope(|scope| {
        let begin = |_| Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run).ok();
        let others: Vec<_> = (1..threads).filter_map(begin).collect();
        let mut made = run();
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    });
    made.sort_unstable_by_key(|(block, _)| *block);
    let mut all = Vec::with_capacity(items.len());
    made.into_iter().for_each(|(_, made)| all.extend(made));
    all
}

/// What two works make, beside each other where the machine runs two threads.
pub fn both<A: Send, B>(one: impl Fn() -> A + Sync, other: impl FnOnce() -> B) -> (A, B) {
    if count() < 2 {
        return (one(), other());
    }
    thread::scope(|scope| {
        let made = Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, &one);
        let other = other();
        let one = match made {
            Ok(made) => made.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => one(),
        };
        (one, other)
    })
}

/// How many threads the machine runs at once.
fn count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0, 1, 2, 3, 31, 32, 33, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<String> = items.iter().map(usize::to_string).collect();
            assert_eq!(each(&items, usize::to_string), expected, "{count}");
        }
    }

    #[test]
    fn each_of_two_works_has_its_result() {
        assert_eq!(both(|| "one".to_owned(), || 2), ("one".to_owned(), 2));
    }

    #[test]
    fn a_panic_of_any_thread_is_the_callers() {
        let work = |item: &usize| assert_ne!(*item, 700, "this one fails");
        let found = std::panic::catch_unwind(|| each(&(0..1000).collect::<Vec<_>>(), work));
        assert!(found.is_err());
        assert!(std::panic::catch_unwind(|| both(|| work(&700), || ())).is_err());
    }
}
