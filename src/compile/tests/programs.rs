//! Each file of `tests/data/check/ir` ends with what it becomes, `#= LINE`; and what never changes a program.

use super::*;
use crate::ir::*;
use crate::model::{FieldDefault, Literal, Type};
use crate::time::Duration;
use std::path::Path;

#[test]
fn each_file_becomes_the_program_it_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check/ir");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut wrong = String::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let compiled = compiled(name, &text);
        let Some(bundle) = &compiled.bundle else { panic!("{name}: {:#?}", compiled.diagnostics) };
        let found: Vec<String> = bundle.scenarios.iter().flat_map(shown::lines).collect();
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#= ")).collect();
        if found != expected {
            wrong.push_str(&format!("{name}.scn:\n#= {}\n", found.join("\n#= ")));
        }
        assert!(bundle.scenarios.iter().all(verify::is_sound), "{name}");
    }
    assert!(wrong.is_empty(), "found instead:\n{wrong}");
}

const SENTENCE: &str =
    "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased";

#[test]
fn the_sentence_is_this_program() {
    let scenario = scenario(SENTENCE);
    let field = |name: &str, ty, optional, default| FieldUse { name: name.into(), ty, optional, default };
    let product = || field("product", Type::Entity("product".into()), false, None);
    let code = &scenario.code;
    assert_eq!(code.contact, [field("email", Type::Text, true, None)]);
    assert_eq!(code.trigger, [product()]);
    assert_eq!(code.events, [RecordUse { name: "purchased".into(), fields: vec![product()] }]);
    let fields = vec![
        field("delay", Type::Duration, true, None),
        field("family", Type::Text, false, Some(FieldDefault::Field("id".into()))),
        field("recurring", Type::Flag, false, None),
    ];
    assert_eq!(code.entities, [RecordUse { name: "product".into(), fields }]);
    let e = ExprIx;
    let of_product = |of: u32, field| Expr::Field { of: ExprIx(of), entity: 0, field };
    let exprs = [
        Expr::Event(0),
        of_product(0, 2),
        Expr::Trigger(0),
        of_product(2, 0),
        Expr::Literal(Literal::Duration(Duration::months(1))),
        Expr::Subtract(e(3), e(4)),
        Expr::Contact(0),
        of_product(0, 1),
        of_product(2, 1),
        Expr::Entry,
        Expr::History { probe: ProbeIx(0), keys: vec![e(8)], window: Window::Since(e(9)) },
    ];
    assert_eq!(code.exprs.values(), exprs);
    assert_eq!(code.probes.values(), [Probe { event: 0, filter: None, keys: vec![e(7)] }]);
    assert_eq!(scenario.start, Start::Events(vec![Trigger { event: 0, filter: Some(e(1)) }]));
    let address = Alternative { channel: "email".into(), message: "reminder".into(), address: e(6), consent: None };
    let send = Send { class: Class::Marketing, alternatives: vec![address], with: Vec::new(), together: None };
    let step = |ordinal, guard, op| Step { ordinal, visit: 0, label: None, guard, op };
    let steps =
        [step(1, None, Op::Wait(e(5))), step(2, Some(Guard::Unless(e(10))), Op::Send(send)), step(0, None, Op::End)];
    assert_eq!(scenario.steps.values(), steps);
    assert_eq!((scenario.entry, scenario.audience, scenario.goal), (EntryRule::Always, None, None));
}

#[test]
fn layout_and_comments_change_no_hash() {
    let hash = scenario(SENTENCE).hash();
    let words: Vec<&str> = SENTENCE.split(' ').collect();
    assert_eq!(scenario(&words.join("\n")).hash(), hash);
    assert_eq!(scenario(&words.join(" \t\r\n  ")).hash(), hash);
    for place in 1..words.len() {
        let (before, after) = words.split_at(place);
        let text = format!("{} # a remark\n## another\n{}", before.join(" "), after.join(" "));
        assert_eq!(scenario(&text).hash(), hash, "{text}");
    }
    let named = format!("## Told to people.\nscenario renewal \"A title\" {{ {SENTENCE} }}");
    assert_eq!(scenario(&named).hash(), hash);
}

#[test]
fn what_is_not_used_and_the_order_of_declarations_change_no_hash() {
    let parts = [
        "entity shop { name: text, city: text? }",
        "event visited { shop: shop, order: text, spent: money }",
        "extend contact { favourite: shop?, size: text? }",
        "let far = contact.favourite.city is \"far\"",
        "let often = visited same shop ever",
    ];
    let clauses = ["once per order", "for visited ever", "stop when purchased", "goal subscribed"];
    let text = |parts: &[&str], clauses: &[&str]| {
        let steps = "wait 1 day send email a unless far or often";
        format!("{}\nscenario renewal {{ when visited {} {steps} }}", parts.join("\n"), clauses.join("\n"))
    };
    let hash = scenario(&text(&parts, &clauses)).hash();
    for turn in 0..parts.len() {
        let (mut parts, mut clauses) = (parts, clauses);
        parts.rotate_left(turn);
        clauses.rotate_left(turn % 4);
        assert_eq!(scenario(&text(&parts, &clauses)).hash(), hash);
    }
    let with_more = parts.map(|part| part.replace("size: text?", "other: number?, size: flag"));
    let with_more: Vec<&str> = with_more.iter().map(String::as_str).collect();
    let unused = [with_more.as_slice(), &["let unused = 3", "event other { x: text }"]].concat();
    assert_eq!(scenario(&text(&unused, &clauses)).hash(), hash);
    let otherwise = text(&parts, &clauses).replace("1 day", "2 days");
    assert_ne!(scenario(&otherwise).hash(), hash);
    let field = text(&parts, &clauses).replace("city: text?", "city: text");
    assert_ne!(scenario(&field).hash(), hash);
}

#[test]
fn once_per_has_one_slot_in_every_trigger() {
    let text = "event rented { aaa: number, order: text? }
        scenario renewal { when rented aaa is 1 or purchased quantity is 2 once per order send email a }";
    let scenario = scenario(text);
    let EntryRule::OncePer(path) = scenario.entry else { panic!() };
    let Expr::Event(slot) = *scenario.code.exprs.get(path).unwrap() else { panic!() };
    for trigger in scenario.start.events() {
        let event = &scenario.code.events[usize::from(trigger.event)];
        assert_eq!(event.fields[usize::from(slot)].name, "order");
    }
}

#[test]
fn an_unsound_program_is_known() {
    let good = scenario("when purchased if quantity > 2 { wait 1 day send email a together } send email b");
    assert!(verify::is_sound(&good));
    let spoilt = |spoil: fn(&mut Scenario)| {
        let mut scenario = good.clone();
        spoil(&mut scenario);
        !verify::is_sound(&scenario)
    };
    assert!(spoilt(|scenario| scenario.steps.values_mut()[0].op = Op::Jump(StepIx(0))), "a way back");
    assert!(spoilt(|scenario| scenario.steps.values_mut()[0].op = Op::Jump(StepIx(99))), "a dangling step");
    assert!(spoilt(|scenario| scenario.steps.values_mut()[4].op = Op::Stop), "no end");
    assert!(spoilt(|scenario| scenario.start = Start::Events(Vec::new())), "no trigger");
    assert!(spoilt(|scenario| scenario.code.exprs.values_mut()[0] = Expr::Not(ExprIx(0))), "an expression of itself");
    assert!(spoilt(|scenario| {
        if let Op::Send(send) = &mut scenario.steps.values_mut()[3].op {
            send.alternatives.clear();
        }
    }));
}
