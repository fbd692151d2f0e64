//! How far a simulation is, for whoever watches the terminal.

use crate::cli::output;
use crate::drivers::simulate::Progress;
use indicatif::ProgressBar;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(120);

/// Does something long, and shows how far it is: rows read of those known, how many in a second, and the time that is left. Quiet
/// when nobody watches; `work` is then given nothing to tell.
pub(super) fn watched<T>(work: impl FnOnce(Option<Arc<Progress>>) -> T) -> T {
    let bar = output::rows_bar("simulating");
    if bar.is_hidden() {
        return work(None);
    }
    let progress = Arc::new(Progress::default());
    std::thread::scope(|scope| {
        let (working, over) = channel::<()>();
        let seen = Arc::clone(&progress);
        scope.spawn(move || look(&bar, &seen, &over));
        let done = work(Some(progress));
        drop(working);
        done
    })
}

/// Draws the bar until nobody works any more.
fn look(bar: &ProgressBar, progress: &Progress, over: &Receiver<()>) {
    let mut is_counting = true;
    while over.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        let (done, known) = (progress.done(), progress.known());
        // Nobody knows yet how much there is to read.
        if known == 0 {
            continue;
        }
        if is_counting {
            bar.reset_elapsed();
            is_counting = false;
        }
        bar.set_length(known);
        bar.set_position(done);
        if known > 0 && done == known {
            bar.set_message("sorting");
        }
        bar.tick();
    }
    bar.finish_and_clear();
}
