//! Any text is read: nothing panics, no byte of it is lost, and every finding lies in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scn::span::SourceId;
use scn::syntax::{TEXT_BYTES_MAX, parse};

fuzz_target!(|text: &str| {
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    let parsed = parse(SourceId::default(), text);
    let mut end = 0;
    for token in &parsed.tokens {
        assert_eq!(token.span.start, end, "a token begins where the last one ends");
        assert!(text.get(token.span.range()).is_some(), "a token is text");
        end = token.span.end;
    }
    assert_eq!(end as usize, text.len(), "the tokens are the text");
    for found in &parsed.diagnostics {
        for label in &found.labels {
            assert!(text.get(label.span.range()).is_some(), "`{}` lies in the text", found.message);
        }
        for fix in &found.fix {
            assert!(text.get(fix.span.range()).is_some(), "the repair of `{}` lies in the text", found.message);
        }
    }
});
