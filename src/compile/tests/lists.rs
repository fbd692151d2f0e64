//! What templates read of lists, entities and accounts.

use super::projects::{template, told, with_templates};
use super::*;
use crate::diagnostic::Rule;

const TEXT: &str = "extend contact { shelf: products }
    scenario renewal {
      when purchased
      wait 1 day
      send email reminder with suggestions = top 3 of product.complements, offer = product, late = quantity together
    }";

/// The message of a text, in words.
fn message(text: &str, reads: &[&str]) -> Vec<String> {
    let compiled = with_templates(text, vec![template("reminder.email.html", None, reads)]);
    assert_eq!(told(&compiled), []);
    shown::message(&compiled.bundle.unwrap().messages[0])
}

#[test]
fn lists_are_read_row_by_row() {
    let reads = [
        "*suggestions",
        "suggestions.name",
        "?suggestions.price",
        "*suggestions.complements",
        "suggestions.complements.name",
        "offer.name",
        "late",
        "*contact.shelf",
        "contact.shelf.name",
        "*contact.tags",
        "+contact.tags",
        "*items.product.complements",
        "items.product.complements.family",
        "points",
    ];
    let expected = [
        "email reminder in None",
        "variable contact.shelf: list of product = contact.shelf",
        "variable contact.tags: list of text = contact.tags",
        "variable points: number = balance points",
        "each of contact.shelf: name: text = each.name",
        "item product.complements: list of product = trigger.product.complements",
        "each of product.complements: family: text = each.family",
        "each of offer: name: text = each.name",
        "each of suggestions: complements: list of product = each.complements",
        "each of suggestions: complements: name: text = each.name",
        "each of suggestions: name: text = each.name",
        "each of suggestions: price: money = each.price",
    ];
    assert_eq!(message(TEXT, &reads), expected);
}

#[test]
fn a_movement_of_an_account_is_not_what_is_on_it() {
    let text = "scenario renewal { when credited points send email reminder }";
    let expected = [
        "email reminder in None",
        "variable points: number = balance points",
        "variable trigger.points: number = trigger.points",
    ];
    assert_eq!(message(text, &["points", "?trigger.points"]), expected);
}

#[test]
fn what_is_wrong_with_lists_in_templates() {
    let unknown = Rule::TemplateUnknownVariable;
    let cases: [(&str, Rule, &str); 10] = [
        ("suggestions", unknown, "go through it: `{% for each in suggestions %}"),
        ("+suggestions", unknown, "write one of its fields: `each.NAME`"),
        ("suggestions.nme", unknown, "write `name`"),
        ("suggestions.price", Rule::TemplateMaybeMissing, "write `{{ suggestions.price | default"),
        ("offer", unknown, "write one of its fields: `offer.NAME`"),
        ("offer.price", Rule::TemplateMaybeMissing, "write `{{ offer.price | default"),
        ("late.name", unknown, "write `late` alone"),
        ("*late", unknown, "write `{{ late }}` alone"),
        ("contact.tags.name", unknown, "ask what is in it"),
        ("contact.shelf", unknown, "go through it"),
    ];
    for (path, rule, help) in cases {
        let compiled = with_templates(TEXT, vec![template("reminder.email.html", None, &["entry", path])]);
        let found: Vec<&Diagnostic> = compiled.diagnostics.iter().filter(|found| found.level > Level::Note).collect();
        let [found] = found.as_slice() else { panic!("{path}: {found:?}") };
        assert_eq!(found.rule, rule, "{path}");
        assert!(found.help.as_ref().unwrap().starts_with(help), "{found:?}");
    }
    let uneven = "when purchased send email reminder with offer = product send email reminder with offer = 3";
    let compiled = with_templates(uneven, vec![template("reminder.email.html", None, &["offer.name"])]);
    assert_eq!(told(&compiled)[0].0, unknown);
    let missing = "when purchased send email reminder with offer = order";
    let compiled = with_templates(missing, vec![template("reminder.email.html", None, &["offer"])]);
    assert_eq!(told(&compiled)[0].0, Rule::TemplateMaybeMissing);
}

#[test]
fn a_scenario_without_a_trigger_has_templates_too() {
    let text = "scenario renewal { every monday at 09:00 for purchased ever send email reminder }";
    let expected = ["email reminder in None", "variable contact.email: text = contact.email"];
    assert_eq!(message(text, &["?contact.email"]), expected);
    let compiled = with_templates(text, vec![template("reminder.email.html", None, &["trigger.order"])]);
    assert_eq!(told(&compiled)[0].0, Rule::TemplateUnknownVariable);
    let text = "scenario other { when purchased wait 1 day start renewal }
        scenario renewal { when started send email reminder }";
    let expected = ["email reminder in None", "variable product.name: text = trigger.product.name"];
    assert_eq!(message(text, &["product.name"]), expected);
    let text = "scenario renewal { when no purchased ever for 3 months send email reminder }";
    let compiled = with_templates(text, vec![template("reminder.email.html", None, &["product.name"])]);
    assert_eq!(told(&compiled)[0].0, Rule::TemplateMaybeMissing);
}
