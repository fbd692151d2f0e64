//! The machine under test: text to IR, a simulation over a CRM file, and its CSV, read back.

use super::naive::{Answer, Line};
use super::world::Key;
use scn::compile::{Input, InputFile, compile};
use scn::diagnostic::Level;
use scn::drivers::simulate::{Request, simulate};
use scn::engine::Count;
use scn::ir::Bundle;
use scn::model::{Configuration, Surroundings};
use scn::store::crm::Crm;
use scn::time::{Instant, Zone};
use std::path::Path;

/// Compiles one text; panics with what is wrong with it.
pub fn bundle(text: &str, zone: &str) -> Bundle {
    let mut input = Input::default();
    let source = input.sources.add("story.scn", text);
    input.files.push(InputFile { source, stem: "story".into(), folder: String::new(), selected: true });
    let configuration = Configuration { zone: Zone::named(zone).unwrap(), ..Configuration::default() };
    let compiled = compile(&input, &Surroundings::default(), &configuration);
    let errors: Vec<String> = (compiled.diagnostics.iter())
        .filter(|found| found.level == Level::Error)
        .map(|found| format!("{}: {:?}", found.message, found.span().map(|span| &text[span.range()])))
        .collect();
    compiled.bundle.unwrap_or_else(|| panic!("the text does not compile: {errors:#?}\n{text}"))
}

/// The bytes of the effects CSV.
pub fn csv(bundle: &Bundle, crm: &Path, request: &Request) -> Vec<u8> {
    let crm = Crm::open(crm).unwrap();
    let mut bytes = Vec::new();
    simulate(bundle, &crm, request, Some(&mut bytes)).unwrap();
    bytes
}

pub fn answer(text: &str, zone: &str, crm: &Path, to: Option<i64>, counts: &[(&'static str, Count)]) -> Answer {
    let bundle = bundle(text, zone);
    let crm = Crm::open(crm).unwrap();
    let request = Request { to: to.map(Instant::from_seconds), ..Request::default() };
    let mut bytes = Vec::new();
    let simulation = simulate(&bundle, &crm, &request, Some(&mut bytes)).unwrap();
    let mut answer = Answer { lines: lines(&bytes), ..Answer::default() };
    for (name, count) in counts {
        let total: u64 = simulation.report.counts.iter().map(|counts| counts.get(*count)).sum();
        if total > 0 {
            answer.counts.insert(name, total);
        }
    }
    answer
}

/// The lines of an effects CSV, in its order.
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader.records().map(|record| line(&record.unwrap())).collect()
}

fn line(record: &csv::StringRecord) -> Line {
    let field = |place: usize| record[place].to_owned();
    let triggers = record[3].split(';').map(|each| {
        let (event, id) = each.split_once('/').unwrap();
        (event.to_owned(), key(id))
    });
    let effect = field(6);
    Line {
        at: field(0),
        contact: key(&record[1]),
        scenario: field(2),
        step: record[5].parse().unwrap(),
        triggers: triggers.collect(),
        entered_at: field(4),
        channel: field(7),
        message: field(8),
        outcome: field(9),
        // Of an `end` it explains the step in words.
        reason: if effect == "end" { String::new() } else { field(10) },
        effect,
    }
}

fn key(text: &str) -> Key {
    text.parse().map_or_else(|_| Key::Text(text.to_owned()), Key::Number)
}
