//! Any text that can be read is formatted; what is formatted stays as it is, and means the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scn::diagnostic::Level;
use scn::format::format;
use scn::span::SourceId;
use scn::syntax::parse;

fuzz_target!(|text: &str| {
    let Ok(formatted) = format(text) else {
        let parsed = parse(SourceId::default(), text);
        let in_error = parsed.diagnostics.iter().any(|found| found.level == Level::Error);
        assert!(in_error, "a text without error is formatted");
        return;
    };
    let again = format(&formatted);
    assert!(again.is_ok_and(|again| again == formatted), "what is formatted stays as it is");
});
