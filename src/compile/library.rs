//! The standard library, in the language itself: the files of `stdlib/`, built in.

use super::InputFile;
use crate::span::Sources;

/// Each file by its name without `.scn`, and its text. A new file of the library is added here.
pub const LIBRARY: &[(&str, &str)] = &[("retail", include_str!("../../stdlib/retail.scn"))];

/// The library's files, added to the sources; none of them is judged.
pub fn files(sources: &mut Sources) -> Vec<InputFile> {
    let files = LIBRARY.iter().map(|(stem, text)| InputFile {
        source: sources.add(format!("stdlib/{stem}.scn"), *text),
        stem: (*stem).to_owned(),
        folder: "stdlib".to_owned(),
        selected: false,
    });
    files.collect()
}
