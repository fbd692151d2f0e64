//! How far a simulation is, for whoever watches the terminal.

use crate::cli::counted::grouped;
use crate::cli::output;
use crate::drivers::simulate::Progress;
use indicatif::ProgressBar;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(120);

/// Does something long, and shows how far it is: rows read in this pass of those known; as soon as that can be known, how many in a second
/// and the time that is left. Quiet when nobody watches; `work` is then given nothing to tell.
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

/// Before so much time nobody knows how fast it goes.
const UNTIL_KNOWN: Duration = Duration::from_millis(500);

/// Draws the bar until nobody works any more.
fn look(bar: &ProgressBar, progress: &Progress, over: &Receiver<()>) {
    // What was read when the first of it was seen, in which pass.
    let mut first = None;
    while over.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        let (done, known, pass) = (progress.done(), progress.known(), progress.pass());
        // Nobody knows yet how much there is to read.
        if known == 0 {
            continue;
        }
        let first = match first {
            Some((of, first)) if of == pass => first,
            _ => {
                bar.reset_elapsed();
                first = Some((pass, done));
                done
            }
        };
        bar.set_length(known);
        bar.set_position(done);
        bar.set_prefix(said(progress));
        bar.set_message(speed(done - first.min(done), known - done, bar.elapsed()));
        bar.tick();
    }
    bar.finish_and_clear();
}

/// What is being done. Measures are taken before anybody lives, and read every row once too.
fn said(progress: &Progress) -> &'static str {
    match progress.is_measuring() {
        true => "taking measures",
        false if progress.known() > 0 && progress.done() == progress.known() => "sorting",
        false => "simulating",
    }
}

/// `, 1,234,000/s, 3 s left`: of so many rows in this time, and of those that are left; nothing where it cannot be known yet.
fn speed(rows: u64, left: u64, elapsed: Duration) -> String {
    let per_second = rows as f64 / elapsed.as_secs_f64();
    if elapsed < UNTIL_KNOWN || left == 0 || per_second < 1.0 {
        return String::new();
    }
    let seconds = (left as f64 / per_second).ceil() as u64;
    let time = if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) };
    format!(", {}/s, {time} left", grouped(per_second as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_when_it_is_known() {
        for (rows, left, milliseconds, told) in [
            (1_000, 500, 1_000, ", 1,000/s, 1 s left"),
            (2_000_000, 6_000_000, 500, ", 4,000,000/s, 2 s left"),
            (1_000, 1_000_000, 1_000, ", 1,000/s, 17 min left"),
            // A few rows in no time are no rate.
            (500, 1_000, 3, ""),
            (500, 0, 1_000, ""),
            (0, 1_000, 1_000, ""),
            (0, 1_000, 0, ""),
        ] {
            assert_eq!(speed(rows, left, Duration::from_millis(milliseconds)), told, "{rows} in {milliseconds} ms");
        }
    }
}
