//! What the texts of `tests/data/check` say, what becomes of good ones, and what never changes.

#![allow(clippy::disallowed_methods, reason = "the cases are files")]

mod findings;
mod lists;
mod programs;
mod projects;
mod shown;
mod versions;
mod whole;

use super::*;

/// The text of a file `NAME.scn` in the project's folder, compiled with nothing around it.
fn compiled(name: &str, text: &str) -> Compiled {
    compiled_in(&[(name, text)], &Surroundings::default())
}

/// Files of one folder, all selected.
fn compiled_in(files: &[(&str, &str)], surroundings: &Surroundings) -> Compiled {
    let mut sources = Sources::default();
    let files = files.iter().map(|(name, text)| {
        let source = sources.add(format!("{name}.scn"), *text);
        let stem = name.trim_end_matches(".test").to_owned();
        InputFile { source, stem, folder: String::new(), selected: true }
    });
    let files = files.collect();
    compile(&Input { sources, files }, surroundings, &Configuration::default())
}

/// The only scenario of a text that is accepted.
fn scenario(text: &str) -> Scenario {
    let compiled = compiled("renewal", text);
    let Some(bundle) = &compiled.bundle else { panic!("{text}\n{:#?}", compiled.diagnostics) };
    assert_eq!(bundle.scenarios.len(), 1);
    bundle.scenarios[0].clone()
}
