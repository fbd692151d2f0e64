//! Why there is no bound, and how long quiet hours hold.

use super::*;
use crate::compile::{Input, InputFile, compile};
use crate::model::{Configuration, Surroundings};
use crate::time::{TimeOfDay, Weekday};

fn bundle(text: &str) -> Bundle {
    let mut input = Input::default();
    let source = input.sources.add("case.scn", text);
    input.files.push(InputFile { source, stem: "case".into(), folder: String::new(), selected: true });
    let compiled = compile(&input, &Surroundings::default(), &Configuration::default());
    compiled.bundle.unwrap_or_else(|| panic!("{text}\n{:#?}", compiled.diagnostics))
}

#[test]
fn a_scenario_without_a_bound_says_why() {
    let why = |text: &str| {
        let pressure = pressure(&bundle(text));
        pressure.scenarios.iter().find(|each| each.scenario == "s").unwrap().why.clone()
    };
    for (text, wanted) in [
        ("scenario s { when cart_updated send email a }", Why::EachEvent),
        ("scenario s { when purchased once per product send email a }", Why::EachValue),
        ("scenario s { when cart_updated latest send email a wait 1 week }", Why::InTurnAtOnce),
        (
            "scenario s { when cart_updated one at a time stop when purchased send email a wait 1 week }",
            Why::InTurnAtOnce,
        ),
        (
            "let usual = last purchased.product.delay ever default 1 year scenario s { when no purchased for usual send email a }",
            Why::ShortSilence,
        ),
        (
            "scenario s { every year on contact.birthday set contact.birthday = contact.birthday send email a }",
            Why::MovingDate,
        ),
        (
            "scenario a { when cart_updated start s } scenario s { when started send email a }",
            Why::StartedBy("a".into()),
        ),
        (
            "scenario s { when purchased once every 1 month wait product.delay - 1 month send email a }",
            Why::LongWait(StepIx(0)),
        ),
    ] {
        assert_eq!(why(text), Some(wanted), "{text}");
    }
    for text in [
        // It runs for a week, and nothing ends it before.
        "scenario s { when cart_updated one at a time send email a wait 1 week }",
        "scenario a { when cart_updated once start s } scenario s { when started send email a }",
        "scenario s { when no purchased for median gap of purchased ever send email a }",
    ] {
        assert_eq!(why(text), None, "{text}");
    }
}

#[test]
fn quiet_hours_hold_over_night_and_over_days() {
    let time = |hour| TimeOfDay::new(hour, 0, 0).unwrap();
    let held = |between: Option<(u32, u32)>, days: &[Weekday]| {
        let between = between.map(|(from, to)| (time(from), time(to)));
        longest_quiet(&QuietHours { between, days: days.to_vec() }).map(|longest| longest / 3_600_000_000)
    };
    let all = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    let all: Vec<Weekday> = all.into_iter().chain([Weekday::Saturday, Weekday::Sunday]).collect();
    assert_eq!(held(None, &[]), Some(0));
    assert_eq!(held(Some((12, 14)), &[]), Some(2));
    assert_eq!(held(Some((20, 9)), &[]), Some(13));
    assert_eq!(held(Some((20, 9)), &[Weekday::Sunday]), Some(37));
    assert_eq!(held(None, &[Weekday::Sunday, Weekday::Monday]), Some(48));
    assert_eq!(held(None, &all), None);
}
