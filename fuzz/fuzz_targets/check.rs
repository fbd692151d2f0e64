//! Any text is checked as a project by itself: nothing panics, what is found is rendered in every form, and what is accepted
//! has no error in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scn::compile::{Input, InputFile, compile};
use scn::diagnostic::render::{self, Style};
use scn::diagnostic::{Level, Levels, settle};
use scn::model::{Configuration, Surroundings};

fuzz_target!(|text: &str| {
    let mut input = Input::default();
    let source = input.sources.add("fuzz.scn", text);
    input.files.push(InputFile { source, stem: "fuzz".into(), folder: String::new(), selected: true });
    let mut compiled = compile(&input, &Surroundings::default(), &Configuration::default());
    let in_error = compiled.diagnostics.iter().any(|found| found.level == Level::Error);
    assert_eq!(compiled.bundle.is_none(), in_error, "what is in no error has a meaning, and nothing else has");
    let silenced = settle(&mut compiled.diagnostics, &Levels::default(), &compiled.silences, |_| true);
    let (sources, found) = (&compiled.sources, &compiled.diagnostics);
    let style = Style { width: 60, ..Style::default() };
    let _ = render::human(sources, found, style);
    let _ = render::line(sources, found);
    let _ = render::json(sources, found);
    let _ = render::sarif(sources, found, &silenced, None);
    let _ = render::github(sources, found);
    let _ = render::gitlab(sources, found, "scn.toml");
});
