//! Several files, templates, a CRM, tests, and the names in reach.

use super::*;
use crate::diagnostic::Rule;
use crate::ir::{ExpectationKind, GivenValue, When};
use crate::model::{
    CrmColumn, CrmShape, CrmTable, Literal, TemplateShape, TemplateText, TemplateUse, TemplateVariable,
};
use crate::time::{Duration, Instant, Zone};

const SENTENCE: &str =
    "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased";

/// Files by name: `*` before a name selects it.
fn project(files: &[(&str, &str)]) -> Compiled {
    let mut sources = Sources::default();
    let files = files.iter().map(|(name, text)| {
        let source = sources.add(format!("{}.scn", name.trim_start_matches('*')), *text);
        let stem = name.trim_start_matches('*').to_owned();
        InputFile { source, stem, folder: String::new(), selected: name.starts_with('*') }
    });
    let files = files.collect();
    compile(&Input { sources, files }, &Surroundings::default(), &Configuration::default())
}

pub(super) fn told(compiled: &Compiled) -> Vec<(Rule, String)> {
    let told = compiled.diagnostics.iter().filter(|found| found.level > Level::Note);
    told.map(|found| (found.rule, found.message.clone())).collect()
}

#[test]
fn the_standard_library_is_sound_and_formatted() {
    let compiled = project(&[("*one", "let far = contact.tier is \"far\"")]);
    assert_eq!(compiled.diagnostics, []);
    assert!(compiled.bundle.is_some_and(|bundle| bundle.scenarios.is_empty()));
    for (name, text) in library::LIBRARY {
        assert_eq!(crate::format::format(text).as_deref(), Ok(*text), "{name}");
    }
    let words = compiled.words;
    let record = |word: &&WordEntry| matches!(word.kind, "entity" | "event" | "definition") && word.name != "far";
    assert!(words.iter().filter(record).all(|word| word.doc.is_some()));
}

#[test]
fn only_selected_files_are_judged_and_all_declare() {
    let library = "let late = no returned in last 1 year  let wrong = 3 + \"a\"";
    let other = "scenario other { when nothing_such send email a }";
    let user = "scenario user { when purchased send email a only if late }";
    let compiled = project(&[("library", library), ("other", other), ("*user", user)]);
    assert_eq!(told(&compiled), [], "what others get wrong is theirs");
    let names: Vec<String> = compiled.bundle.unwrap().scenarios.into_iter().map(|scenario| scenario.name).collect();
    assert_eq!(names, ["user"]);

    let user = "scenario user { when purchased send email a only if wrong > 3 }";
    let compiled = project(&[("library", library), ("*user", user)]);
    assert_eq!(told(&compiled), [(Rule::TypeMismatch, "a text cannot be added to a number".into())]);
    assert!(compiled.bundle.is_none());

    let compiled = project(&[("broken", "let late = (("), ("*user", "when purchased send email a only if late")]);
    assert_eq!(told(&compiled).len(), 1, "{:?}", told(&compiled));
    assert_eq!(compiled.sources.text(compiled.diagnostics[0].span().unwrap()).len(), 1);
    assert!(compiled.bundle.is_none());
}

#[test]
fn an_unreadable_scenario_is_one_finding() {
    let test = "test \"x\" of broken { given contact ana { email: \"x\" } expect nothing }";
    for broken in ["when purchased wait ((", "scenario broken { when purchased wait (( }"] {
        let compiled = project(&[("*broken", broken), ("*broken.test", test)]);
        assert_eq!(told(&compiled).len(), 1, "{:?}", told(&compiled));
        assert!(compiled.bundle.is_none());
    }
    let compiled = project(&[("*hollow", "# nothing"), ("*hollow.test", "test \"x\" of hollow { expect nothing }")]);
    assert_eq!(told(&compiled).iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), [Rule::EmptyFile, Rule::UnknownName]);
}

#[test]
fn two_declarations_are_shown_together() {
    let compiled = project(&[("*one", "event visited { x: text }"), ("*two", "event visited { x: text }")]);
    let found = &compiled.diagnostics[0];
    let places: Vec<u32> = found.labels.iter().map(|label| label.span.source.0).collect();
    assert_eq!((found.rule, places.as_slice()), (Rule::DeclaredTwice, [1, 0].as_slice()));
    let compiled = project(&[("*one", "let repurchased = purchased")]);
    let labels = compiled.diagnostics[0].labels.iter();
    let names: Vec<_> = labels.map(|label| compiled.sources.get(label.span.source).unwrap().name.as_str()).collect();
    assert_eq!(names, ["one.scn", "stdlib/retail.scn"]);
    let compiled = project(&[("*alpha", SENTENCE), ("*two", &format!("scenario alpha {{ {SENTENCE} }}"))]);
    assert_eq!(told(&compiled), [(Rule::DeclaredTwice, "scenario `alpha` is declared twice".into())]);
}

#[test]
fn a_test_brings_its_scenarios() {
    let test = "test \"a reminder\" of renewal {
        given product mattress { recurring: yes, delay: 5 years, family: \"bed\", price: 12.50, complements: [pillow] }
        given product pillow { recurring: no, price: 10 EUR }
        given contact ana { email: \"ana@example.com\", birthday: 1980-02-29, created_at: 2020-01-01 }
        at 2020-01-10 10:00 arriving 2020-01-11 10:00 ana purchased product mattress quantity 2 amount -3
        expect email reminder to ana at 2024-12-10 10:00
        expect no email reminder to ana
        expect nothing else
        expect nothing
    }";
    let mut sources = Sources::default();
    let files = [("renewal", SENTENCE, false), ("renewal.test", test, true)].map(|(stem, text, selected)| InputFile {
        source: sources.add(stem, text),
        stem: stem.into(),
        folder: String::new(),
        selected,
    });
    let configuration = Configuration { zone: Zone::named("Europe/Paris").unwrap(), ..Configuration::default() };
    let input = Input { sources, files: files.to_vec() };
    let compiled = compile(&input, &Surroundings::default(), &configuration);
    assert_eq!(told(&compiled), []);
    assert_eq!(compiled.bundle.unwrap().scenarios.len(), 1);
    let [case] = compiled.tests.as_slice() else { panic!() };
    let instant = |text: &str| Instant::parse(text, Zone::UTC).unwrap().0;
    assert_eq!(case.scenarios, ["renewal"]);
    let number = |text: &str| GivenValue::Literal(Literal::Number(text.parse().unwrap()));
    let given = &case.given[0].fields;
    assert_eq!(given[0], ("recurring".into(), GivenValue::Literal(Literal::Flag(true))));
    assert_eq!(given[1], ("delay".into(), GivenValue::Literal(Literal::Duration(Duration::months(60)))));
    assert_eq!(given[3], ("price".into(), number("12.5")));
    assert_eq!(given[4], ("complements".into(), GivenValue::List(vec![GivenValue::Row("pillow".into())])));
    assert_eq!(case.given[1].fields[1], ("price".into(), number("10")));
    let created = GivenValue::Literal(Literal::Instant(instant("2020-01-01T22:59:59Z")));
    assert_eq!(case.given[2].fields[2], ("created_at".into(), created), "a date is the last second of its day");
    let event = &case.events[0];
    assert_eq!((event.at, event.arriving), (instant("2020-01-10T09:00Z"), Some(instant("2020-01-11T09:00Z"))));
    assert_eq!(event.fields[0], ("product".into(), GivenValue::Row("mattress".into())));
    assert_eq!(event.fields[2], ("amount".into(), number("-3")));
    let [first, _, third, fourth] = case.expectations.as_slice() else { panic!() };
    assert!(
        matches!(&first.kind, ExpectationKind::Message { when: When::At(at), .. } if *at == instant("2024-12-10T09:00Z"))
    );
    assert_eq!((&third.kind, &fourth.kind), (&ExpectationKind::NothingElse, &ExpectationKind::Nothing));
}

/// A template that reads these paths; `?` before one provides for a missing value, `*` goes through it, `+` takes one of it.
pub(super) fn template(name: &str, beside: Option<&str>, reads: &[&str]) -> TemplateShape {
    let mut parts = name.split('.');
    let mut part = || parts.next().unwrap().to_owned();
    let (message, channel, language) = (part(), part(), part());
    let read = reads.join("\n");
    let text = format!("{read}\nunsubscribe: https://shop.example/out");
    let literal = std::iter::once(read.len()..text.len()).collect();
    let body = TemplateText { literal, ..TemplateText::default() };
    let variable = |path: &&str| TemplateVariable {
        path: path.trim_start_matches(['?', '*', '+']).split('.').map(String::from).collect(),
        range: text.find(path).unwrap()..text.len(),
        guarded: path.starts_with('?'),
        used: match path.chars().next() {
            Some('*') => TemplateUse::List,
            Some('+') => TemplateUse::Element,
            _ => TemplateUse::Value,
        },
    };
    TemplateShape {
        variables: reads.iter().map(variable).collect(),
        message,
        channel,
        language: (!["html", "bare"].contains(&language.as_str())).then_some(language),
        beside: beside.map(String::from),
        path: format!("templates/{name}"),
        text: text.into(),
        has_subject: !name.contains("bare"),
        body,
        ..TemplateShape::default()
    }
}

pub(super) fn with_templates(text: &str, templates: Vec<TemplateShape>) -> Compiled {
    let surroundings = Surroundings { templates: Some(templates), crm: None };
    compiled_in(&[("renewal", text)], &surroundings)
}

#[test]
fn templates_say_what_a_message_needs() {
    let reads = ["?contact.first_name", "product.name", "trigger.product.name", "entry", "?product.size", "offer"];
    let items = ["items", "items.product.name", "?items.order"];
    let text = "when purchased wait 1 day send email reminder with offer = 3 together";
    let french = template("reminder.email.fr", None, &["product.name"]);
    let compiled =
        with_templates(text, vec![template("reminder.email.html", None, &[&reads[..], &items].concat()), french]);
    assert_eq!(told(&compiled), []);
    let bundle = compiled.bundle.unwrap();
    let [message] = bundle.messages.as_slice() else { panic!() };
    let expected = [
        "email reminder in None",
        "language contact.language",
        "variable contact.first_name: text = contact.first_name",
        "variable entry: instant = entry",
        "variable product.name: text = trigger.product.name",
        "variable product.size: text = trigger.product.size",
        "variable trigger.product.name: text = trigger.product.name",
        "item order: text = trigger.order",
        "item product.name: text = trigger.product.name",
    ];
    assert_eq!(shown::message(message), expected);
    let without = scenario(text);
    assert_eq!(bundle.scenarios[0].hash(), without.hash(), "a template is no part of a scenario");
}

#[test]
fn a_template_beside_the_scenario_comes_first() {
    let both =
        vec![template("reminder.email.html", None, &["nothing"]), template("reminder.email.html", Some(""), &[])];
    let compiled = with_templates(SENTENCE, both);
    assert_eq!(told(&compiled), []);
    assert_eq!(compiled.bundle.unwrap().messages[0].folder.as_deref(), Some(""));
}

#[test]
fn what_is_wrong_with_templates() {
    let compiled = with_templates(SENTENCE, Vec::new());
    assert_eq!(told(&compiled), [(Rule::TemplateMissing, "the message `reminder` has no template for email".into())]);
    let missing = compiled.diagnostics.iter().find(|found| found.rule == Rule::TemplateMissing).unwrap();
    assert_eq!(missing.help.as_deref(), Some("write it in `templates/reminder.email.html`"));
    let cases: [(&str, Rule, &str); 9] = [
        ("prodct.name", Rule::TemplateUnknownVariable, "did you mean `product`?"),
        ("product.nme", Rule::TemplateUnknownVariable, "write `name`"),
        ("product", Rule::TemplateUnknownVariable, "write one of its fields: `product.NAME`"),
        ("product.complements", Rule::TemplateUnknownVariable, "go through it: `{% for each in product.complements %}"),
        ("repurchased", Rule::TemplateUnknownVariable, "it can read"),
        ("items.prduct.name", Rule::TemplateUnknownVariable, "did you mean `product`?"),
        ("offer.name", Rule::TemplateUnknownVariable, "write `offer` alone"),
        ("product.size", Rule::TemplateMaybeMissing, "write `{{ product.size | default"),
        ("contact.email", Rule::TemplateMaybeMissing, "write `{{ contact.email | default"),
    ];
    let text = "when purchased send email reminder with offer = 3";
    for (path, rule, help) in cases {
        let compiled = with_templates(text, vec![template("reminder.email.html", None, &["entry", path])]);
        let found: Vec<&Diagnostic> = compiled.diagnostics.iter().filter(|found| found.level > Level::Note).collect();
        let [found] = found.as_slice() else { panic!("{path}: {found:?}") };
        assert_eq!(found.rule, rule, "{path}");
        assert!(found.help.as_ref().unwrap().starts_with(help), "{found:?}");
        assert_eq!(compiled.sources.position(found.span().unwrap()), (2, 1), "{found:?}");
        let texts: Vec<&str> = found.labels.iter().map(|label| compiled.sources.text(label.span)).collect();
        assert!(texts[0].starts_with(path) && texts[1] == "reminder", "{texts:?}");
    }
    let twice = "when purchased send email reminder with offer = 3 send email reminder";
    let compiled = with_templates(twice, vec![template("reminder.email.html", None, &["offer"])]);
    assert_eq!(compiled.diagnostics.iter().filter(|found| found.rule == Rule::TemplateUnknownVariable).count(), 1);
    let mut broken = template("reminder.email.bare", None, &["entry"]);
    let compiled = with_templates(SENTENCE, vec![broken.clone()]);
    assert_eq!(told(&compiled)[0].0, Rule::TemplateNoSubject);
    broken.broken = Some(("unexpected end".into(), 2..3));
    let compiled = with_templates(SENTENCE, vec![broken]);
    assert_eq!(told(&compiled).iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), [Rule::TemplateBroken]);
}

#[test]
fn a_crm_has_what_the_scenarios_read() {
    let table = |name: &str, columns: &str| CrmTable {
        name: name.into(),
        is_view: false,
        columns: (columns.split(' '))
            .map(|column| CrmColumn { name: column.into(), declared: String::new() })
            .collect(),
    };
    let findings = |tables: Vec<CrmTable>| {
        let crm = Some(CrmShape { path: "crm.db".into(), tables, broken: Vec::new() });
        let compiled = compiled_in(&[("renewal", SENTENCE)], &Surroundings { templates: None, crm });
        assert!(compiled.bundle.is_some(), "a CRM does not withhold the program");
        let of_data = compiled.diagnostics.into_iter().filter(|found| found.rule.info().code.starts_with('D'));
        of_data.map(|found| (found.rule, found.message)).collect::<Vec<_>>()
    };
    let contact = || table("contact", "id email");
    let purchased = || table("purchased", "id contact at product");
    let product = || table("product", "id delay family recurring");
    assert_eq!(findings(vec![contact(), purchased(), product()]), []);
    let lacking = table("product", "id delay");
    let column = |rule, column: &str| (rule, format!("table `product` has no column `{column}`"));
    assert_eq!(
        findings(vec![contact(), purchased(), lacking]),
        [column(Rule::ColumnMissing, "recurring"), column(Rule::ColumnOptionalMissing, "family")]
    );
    let lacking = table("purchases", "id contact at product");
    assert_eq!(
        findings(vec![contact(), lacking, product()]),
        [(Rule::TableMissing, "`crm.db` has no table or view `purchased`".into())]
    );
    let lacking = table("purchased", "id contact product");
    let rules: Vec<Rule> = findings(vec![contact(), lacking, product()]).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, [Rule::ColumnMissing]);
}

#[test]
fn lists_own_events_and_routes_need_no_column_of_their_name() {
    let table = |name: &str, columns: &str| CrmTable {
        name: name.into(),
        is_view: false,
        columns: (columns.split(' '))
            .map(|column| CrmColumn { name: column.into(), declared: String::new() })
            .collect(),
    };
    let text = "when friend_purchased product.complements is not empty
        send email a unless opened or \"a\" in contact.tags";
    let tables = vec![
        table("contact", "id email"),
        table("purchased", "id contact at product"),
        table("product", "id"),
        table("contact_tags", "contact rank"),
    ];
    let crm = Some(CrmShape { path: "crm.db".into(), tables, broken: Vec::new() });
    let compiled = compiled_in(&[("renewal", text)], &Surroundings { templates: None, crm });
    let of_data = compiled.diagnostics.into_iter().filter(|found| found.rule.info().code.starts_with('D'));
    let told: Vec<(Rule, String)> = of_data.map(|found| (found.rule, found.message)).collect();
    let optional = |message: &str| (Rule::ColumnOptionalMissing, message.to_owned());
    let expected = [
        (Rule::ColumnMissing, "table `contact_tags` has no column `tags`".to_owned()),
        optional("table `contact` has no column `referrer`"),
        optional("`crm.db` has no table or view `opened`"),
        optional("`crm.db` has no table or view `product_complements`"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn words_tell_every_name_in_one_line() {
    let text = "## How far.\nlet far(tier: text) =   # a remark\n  contact.tier is tier\n\n## Says hello.\nscenario hello {\n when subscribed\n  send email welcome }";
    let compiled = compiled("hello", text);
    let shown: Vec<String> = (compiled.words.iter())
        .filter(|word| compiled.sources.get(word.span.source).unwrap().name == "hello.scn")
        .map(|word| format!("{} {}: {} # {}", word.kind, word.name, word.text, word.doc.as_deref().unwrap_or("")))
        .collect();
    let expected = [
        "definition far: let far(tier: text) = contact.tier is tier # How far.",
        "scenario hello: scenario hello { when subscribed send email welcome } # Says hello.",
        "message email welcome: send email welcome # ",
    ];
    assert_eq!(shown, expected);
    let of_model = |name: &str| compiled.words.iter().find(|word| word.name == name).unwrap();
    assert_eq!(of_model("product.delay").text, "delay: duration?");
    assert_eq!(of_model("product.delay").doc.as_deref(), Some("The ideal time between two purchases."));
}
