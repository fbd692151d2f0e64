//! How a command ends: its exit code, and what it says when it fails.

use crate::diagnostic::render::clean_text;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

/// The exit codes, stable for life: scripts rely on them. Those from 64 to 78 are those of `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// Findings, or expectations that failed.
    Findings = 1,
    Usage = 2,
    /// The run failed.
    Failed = 3,
    /// The circuit is open: the server refuses so much that sending stopped.
    CircuitOpen = 69,
    /// Input or output: a file that cannot be read, a full disk, a corrupt database.
    InputOutput = 74,
    /// Busy, try again: a lock is held, or everything is deferred.
    Busy = 75,
    Configuration = 78,
    /// A bug of ours.
    Bug = 101,
}

/// The exit codes as every help says them.
pub const CODES: &str = "\
Exit codes:
  0  done
  1  errors or warnings, or an expectation or a limit that failed
  2  wrong arguments
  3  the run failed
 69  a server refuses too much: sending stopped
 74  a file or a database cannot be read or written
 75  busy: try again
 78  the configuration is wrong
101  a bug of scn";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command could not do its work. Its message is lower case, without a final period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
    pub help: Option<String>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// A file or folder that could not be read or written; `doing` is `read`, `write`, ...
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Failure {
        Failure::new(Exit::InputOutput, file(doing, path, error))
    }

    /// As it is printed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = writeln!(text, "error: {}", clean_text(&self.message));
        if let Some(help) = &self.help {
            let _ = writeln!(text, "  help: {}", clean_text(help));
        }
        text
    }
}

/// What keeps a file from being read or written, in words.
pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {doing} `{}`: {}", path.display(), describe(error))
}

/// An error of the system in its own words, without Rust's `(os error 2)`.
fn describe(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable() {
        let codes = [
            (Exit::Done, 0),
            (Exit::Findings, 1),
            (Exit::Usage, 2),
            (Exit::Failed, 3),
            (Exit::CircuitOpen, 69),
            (Exit::InputOutput, 74),
            (Exit::Busy, 75),
            (Exit::Configuration, 78),
            (Exit::Bug, 101),
        ];
        for (exit, code) in codes {
            assert_eq!(exit as u8, code, "{exit:?}");
            assert!(CODES.lines().any(|line| line.trim_start().starts_with(&format!("{code}  "))), "{code}");
        }
    }

    #[test]
    fn a_failure_says_what_and_the_way_out() {
        let error = std::io::Error::from_raw_os_error(2);
        let failure = Failure::file("read", Path::new("a\u{1b}.scn"), &error).help("name a file");
        assert_eq!(failure.exit, Exit::InputOutput);
        assert_eq!(failure.text(), "error: cannot read `a?.scn`: no such file or directory\n  help: name a file\n");
    }
}
