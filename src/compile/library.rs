//! The standard library, in the language itself.

use super::{Input, InputFile};
use crate::span::Sources;

/// Its files: the stem, and the text.
pub(super) const FILES: [(&str, &str); 6] = [
    ("calendar", include_str!("../../stdlib/calendar.scn")),
    ("engagement", include_str!("../../stdlib/engagement.scn")),
    ("hygiene", include_str!("../../stdlib/hygiene.scn")),
    ("loyalty", include_str!("../../stdlib/loyalty.scn")),
    ("referral", include_str!("../../stdlib/referral.scn")),
    ("retail", include_str!("../../stdlib/retail.scn")),
];

/// Adds the library's files to the sources. One of which the project holds the very text is left out: that is how the
/// library is checked and tested itself.
pub(super) fn add(sources: &mut Sources, input: &Input) -> Vec<InputFile> {
    let is_given = |text: &str| {
        (input.files.iter()).any(|file| input.sources.get(file.source).is_some_and(|source| *source.text == *text))
    };
    FILES
        .into_iter()
        .filter(|(_, text)| !is_given(text))
        .map(|(stem, text)| InputFile {
            source: sources.add(format!("stdlib/{stem}.scn"), text),
            stem: stem.into(),
            folder: "stdlib".into(),
            selected: false,
        })
        .collect()
}
