//! What is not whole yet, and goes when a signal ends the process: files beside their places, folders for a while.

use crate::store::cache;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What is there now: files, and folders with all that is in them.
static THERE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The folders in which this process may make caches.
static CACHES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A cache may be made in this folder: a signal removes what is not whole of it.
pub fn keeps(folder: &Path) {
    watch();
    CACHES.lock().unwrap_or_else(PoisonError::into_inner).push(folder.to_owned());
}

/// Something that is not whole. A signal removes it; when this is dropped, nobody knows of it any more.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Makes something that is at a place. No signal comes between its making and its being known.
    ///
    /// # Errors
    /// As `make`.
    pub fn made<T>(make: impl FnOnce() -> io::Result<T>, place: fn(&T) -> &Path) -> io::Result<(T, Unfinished)> {
        watch();
        let mut there = THERE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = make()?;
        // Whatever folder the process goes to.
        let path = std::path::absolute(place(&made))?;
        there.push(path.clone());
        Ok((made, Unfinished(path)))
    }

    /// Adds to what is there, in a folder for instance. No signal removes anything in the meantime, and after one nothing is added.
    pub fn adding<T>(&self, add: impl FnOnce() -> T) -> T {
        let _there = THERE.lock().unwrap_or_else(PoisonError::into_inner);
        add()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut there = THERE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = there.iter().position(|path| *path == self.0) {
            there.swap_remove(place);
        }
    }
}

/// Waits, from the first time on, for a signal that ends the process. It then ends as it would have without us: a shell sees
/// 128 and the number of the signal.
#[cfg(unix)]
fn watch() {
    use signal_hook::iterator::Signals;
    static WATCHES: std::sync::Once = std::sync::Once::new();
    WATCHES.call_once(|| {
        let Ok(mut signals) = Signals::new(heard()) else { return };
        std::thread::spawn(move || {
            let Some(signal) = signals.forever().next() else { return };
            // It is not given back, so that nothing more is made.
            let there = THERE.lock().unwrap_or_else(PoisonError::into_inner);
            for path in there.iter() {
                let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            }
            CACHES.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|folder| cache::abandon(folder));
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        });
    });
}

/// The signals that end a process, but for those that whoever started it has ignored (`nohup`, a job of a script). Where the system
/// does not say which (Linux does, proc_pid_status(5)), a terminal that is closed is left to it.
#[cfg(unix)]
fn heard() -> Vec<i32> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let ignored = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    match ignored {
        Some(ignored) => {
            [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
        }
        None => vec![SIGINT, SIGTERM],
    }
}

#[cfg(not(unix))]
fn watch() {}
