//! The standard library, in the language itself.

use super::{Input, InputFile};
use crate::span::Sources;

/// Its files: the stem, and the text.
pub const LIBRARY: &[(&str, &str)] = &[
    ("calendar", include_str!("../../stdlib/calendar.scn")),
    ("engagement", include_str!("../../stdlib/engagement.scn")),
    ("hygiene", include_str!("../../stdlib/hygiene.scn")),
    ("loyalty", include_str!("../../stdlib/loyalty.scn")),
    ("referral", include_str!("../../stdlib/referral.scn")),
    ("retail", include_str!("../../stdlib/retail.scn")),
];

/// Adds the library's files to the sources. One of which the project holds the very text is left out: that is how the
/// library is checked and tested itself.
pub fn files(sources: &mut Sources, input: &Input) -> Vec<InputFile> {
    let is_given = |text: &str| {
        (input.files.iter()).any(|file| input.sources.get(file.source).is_some_and(|source| *source.text == *text))
    };
    let files = LIBRARY.iter().filter(|(_, text)| !is_given(text)).map(|(stem, text)| InputFile {
        source: sources.add(format!("stdlib/{stem}.scn"), *text),
        stem: (*stem).to_owned(),
        folder: "stdlib".to_owned(),
        selected: false,
    });
    files.collect()
}
