//! What holds of a project as a whole: its policy, its measures, who is one person, who starts whom.

use super::*;
use crate::diagnostic::Rule;
use crate::ir::{Cap, Class, FieldUse, Start};
use crate::model::{
    FRIEND, Literal, MeasureKind, Refreshed, Route, TemplateShape, TemplateUse, TemplateVariable, Type,
};
use crate::time::{Duration, Instant, Weekday, Zone};

fn errors(compiled: &Compiled) -> Vec<(Rule, String)> {
    let errors = compiled.diagnostics.iter().filter(|found| found.level == Level::Error);
    errors.map(|found| (found.rule, found.message.clone())).collect()
}

fn bundle(files: &[(&str, &str)], configuration: &Configuration) -> Bundle {
    let mut sources = Sources::default();
    let files = files.iter().map(|(name, text)| {
        let source = sources.add(format!("{name}.scn"), *text);
        InputFile { source, stem: (*name).to_owned(), folder: String::new(), selected: *name != "policy" }
    });
    let files = files.collect();
    let compiled = compile(&Input { sources, files }, &Surroundings::default(), configuration);
    assert_eq!(errors(&compiled), []);
    compiled.bundle.unwrap()
}

#[test]
fn a_policy_holds_for_a_file_alone_and_over_the_configuration() {
    let policy = "policy {
        time zone contact.time_zone default \"Europe/Paris\"
        quiet hours 20:00 to 09:00 and on sunday, saturday
        at most 1 marketing message per day and 3 per week
        at most 2 service messages per month
        priority other, x
        expire 3 days
        holdout 2.5%
    }
    scenario other { when purchased once send email b }";
    let configuration = Configuration { zone: Zone::named("Asia/Tokyo").unwrap(), ..Configuration::default() };
    let text = "scenario x { when purchased once wait until 2024-07-01 10:00 send email a }";
    let with = bundle(&[("x", text), ("policy", policy)], &configuration);
    assert_eq!((with.settings.zone.name(), with.settings.expire), ("Europe/Paris", Duration::days(3)));
    let zone = with.policy.zone.unwrap();
    assert_eq!(with.policy.code.exprs.get(zone), Some(&ir::Expr::Contact(0)));
    assert_eq!(with.policy.code.contact[0].name, "time_zone");
    assert_eq!(with.policy.quiet_hours.days, [Weekday::Saturday, Weekday::Sunday]);
    let cap = |class, most, seconds| Cap { class, most, per: Duration::seconds(seconds) };
    let caps =
        [cap(Class::Marketing, 1, 86_400), cap(Class::Marketing, 3, 7 * 86_400), cap(Class::Service, 2, 2_629_746)];
    assert_eq!(with.policy.caps, caps);
    assert_eq!(with.policy.priority, ["other", "x"]);
    assert_eq!(with.policy.holdout.to_string(), "0.025");
    let written = |bundle: &Bundle| {
        bundle.scenarios[0].code.exprs.values().iter().find_map(|expr| match expr {
            ir::Expr::Literal(Literal::Instant(instant)) => Some(*instant),
            _ => None,
        })
    };
    let in_utc = |text: &str| Instant::parse(text, Zone::UTC).map(|(instant, _)| instant);
    assert_eq!(written(&with), in_utc("2024-07-01 08:00"), "a wall time of the policy's zone");
    let without = bundle(&[("x", text)], &configuration);
    assert_eq!(written(&without), in_utc("2024-07-01 01:00"));
    assert_eq!(without.policy, ir::Policy::default());
    assert_ne!(with.hash(), without.hash());
}

#[test]
fn measures_that_nobody_reads_are_left_out() {
    let text = "measure unused = count over contacts of purchased ever, refreshed daily
        measure rhythm_of_all = average over contacts of median gap of purchased ever, refreshed weekly
        let slow = rhythm_of_all default 1 month
        identity contact by email, birthday
        scenario x { when no purchased for slow once every 1 year send email a }";
    let bundle = bundle(&[("x", text)], &Configuration::default());
    let [measure] = bundle.measures.as_slice() else { panic!("{:?}", bundle.measures) };
    assert_eq!((measure.name.as_str(), measure.kind), ("rhythm_of_all", MeasureKind::Average));
    assert_eq!((&measure.ty, measure.refreshed), (&Type::Duration, Refreshed::Weekly));
    assert_eq!(bundle.identity, ["email", "birthday"]);
}

#[test]
fn routes_and_accounts_make_events() {
    let text = "event met { place: text, on: date? }
        account stars: number
        route met to contact.referrer as friend_met
        scenario x { when friend_met or met once send email a only if place is \"x\" }
        scenario y { when credited stars once send email a only if friend_met friend is contact ever }";
    let compiled = compiled("x", text);
    assert_eq!(errors(&compiled), []);
    let event = |name: &str| &compiled.model.events[name];
    assert_eq!(event("friend_met").field(FRIEND).unwrap().ty, Type::Entity("contact".into()));
    assert_eq!(event("credited").fields, event("debited").fields);
    assert_eq!(event("credited").field("stars").map(|field| (&field.ty, field.optional)), Some((&Type::Number, true)));
    assert!(event("credited").field("expires").is_some_and(|field| field.ty == Type::Instant));
    let code = &compiled.bundle.unwrap().scenarios[0].code;
    let names: Vec<&str> = code.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["friend_met", "met"]);
    assert_eq!(code.routes, [Some(Route { event: "met".into(), to: "referrer".into() }), None]);
}

#[test]
fn a_started_scenario_reads_the_trigger_of_those_that_start_it() {
    let text = "scenario begins { when purchased once start goes_on }
        scenario goes_on { when started once start ends }
        scenario ends { when started send email a only if quantity > 2 }
        scenario begins_too { when returned once start ends }";
    let shape = TemplateShape {
        message: "a".into(),
        channel: "email".into(),
        path: "a.email.html".into(),
        text: "{{ product.name }}".into(),
        has_subject: true,
        variables: vec![TemplateVariable {
            path: vec!["product".into(), "name".into()],
            range: 0..1,
            guarded: false,
            used: TemplateUse::Value,
        }],
        ..TemplateShape::default()
    };
    let surroundings = Surroundings { templates: Some(vec![shape]), ..Surroundings::default() };
    let compiled = compiled_in(&[("x", text)], &surroundings);
    assert_eq!(errors(&compiled), []);
    let bundle = compiled.bundle.unwrap();
    let ends = bundle.scenarios.iter().find(|scenario| scenario.name == "ends").unwrap();
    assert_eq!(ends.start, Start::Started);
    let events: Vec<&str> = ends.code.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(events, ["purchased", "returned"]);
    let quantity = FieldUse { name: "quantity".into(), ty: Type::Number, optional: false, default: None };
    assert_eq!(ends.code.trigger, [quantity]);
    let message = bundle.messages.iter().find(|message| message.scenario == "ends").unwrap();
    assert_eq!(shown::message(message).last().unwrap(), "variable product.name: text = trigger.product.name");

    let compiled = compiled_in(&[("x", &text.replace("returned", "subscribed"))], &surroundings);
    let found: Vec<&Diagnostic> =
        compiled.diagnostics.iter().filter(|found| found.rule == Rule::UnknownField).collect();
    let [product, quantity] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(product.message, "`product` is not a field of every trigger of `ends`");
    let places: Vec<&str> = quantity.labels.iter().map(|label| compiled.sources.text(label.span)).collect();
    assert_eq!(places, ["quantity", "ends"], "where it is read, and where it is started");
}

#[test]
fn a_segment_says_the_same_wherever_it_stands() {
    let text = "segment buyer = purchased ever and has contact.email
        scenario x { when purchased for buyer once send email a only if buyer }";
    let scenario = scenario(text);
    assert_eq!(scenario.steps.values()[0].guard, scenario.audience.map(ir::Guard::OnlyIf));
}
