//! Results go to standard output, everything else to standard error; colour only on a terminal.

use super::exit::Failure;
use crate::diagnostic::render::Style;
use anstream::{AutoStream, ColorChoice};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Prints results, byte by byte as they are. A closed pipe is no failure: the command ends with the exit code that it would have anyway.
///
/// # Errors
/// When standard output cannot be written.
pub fn results(text: &str) -> Result<(), Failure> {
    write(std::io::stdout().lock(), text)
}

/// Prints results that are drawn for a terminal: what is none gets them without colour.
///
/// # Errors
/// As [`results`].
pub fn drawing(text: &str) -> Result<(), Failure> {
    write(anstream::stdout().lock(), text)
}

fn write(mut out: impl Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read the results has gone away (`scn check | head`), and what they say still counts.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::file("write", Path::new("standard output"), &error)),
    }
}

/// Tells the person at the terminal something that is no result. Nobody listening is no failure.
pub fn notice(text: &str) {
    let mut err = anstream::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// How findings are drawn that are results; `pages` is where the pages of the rules are.
pub fn results_style(pages: Option<&str>) -> Style<'_> {
    Style { colour: AutoStream::choice(&std::io::stdout()) != ColorChoice::Never, width: width(), pages }
}

/// How findings are drawn that are notices.
pub fn notices_style(pages: Option<&str>) -> Style<'_> {
    Style { colour: AutoStream::choice(&std::io::stderr()) != ColorChoice::Never, width: width(), pages }
}

/// How many characters fit on a line of results: the terminal's width, and 100 where there is none.
pub fn width() -> usize {
    console::Term::stdout().size_checked().map_or(100, |(_, columns)| usize::from(columns))
}

/// Says that something longer than a second goes on; quiet when nobody watches.
pub fn spinner(what: &'static str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// Whether results may be drawn with blocks and lines: somebody looks, and the terminal has such letters.
pub fn draws() -> bool {
    console::Term::stdout().is_term() && supports_unicode::on(supports_unicode::Stream::Stdout)
}

/// Shows how many rows are read of those known, and the message behind them; quiet when nobody watches.
pub fn rows_bar(what: &'static str) -> indicatif::ProgressBar {
    let template = "{prefix} {bar:24} {percent:>3}%  {human_pos} of {human_len} events{msg}";
    let bar = indicatif::ProgressBar::new(0).with_prefix(what);
    let Ok(style) = indicatif::ProgressStyle::with_template(template) else { return bar };
    let blocks = supports_unicode::on(supports_unicode::Stream::Stderr);
    bar.with_style(style.progress_chars(if blocks { "█▉▊▋▌▍▎▏ " } else { "##-" }))
}

/// Shows how many bytes of a file are read; quiet when nobody watches.
pub fn progress_bar() -> indicatif::ProgressBar {
    let style = indicatif::ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {msg}");
    let bar = indicatif::ProgressBar::new(0);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
