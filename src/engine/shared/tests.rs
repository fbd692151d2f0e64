//! Histories that scenarios ask for in the same words are one, and others are not.

use super::*;
use crate::engine::tests::build;
use crate::ir::{Aggregate, Code, FieldUse, RecordUse, Scenario, Start, Window};
use crate::model::{AggregateKind, Literal, Type};
use rust_decimal::Decimal;

/// A scenario that knows these fields of a purchase, in this order, and asks for large ones of the same product and for the
/// sum of a share of their amounts.
fn asks(name: &str, fields: [&str; 2], least: &str, share: &str) -> Scenario {
    let place = |name: &str| fields.iter().position(|field| *field == name).unwrap() as u16;
    let number = |text: &str| Expr::Literal(Literal::Number(text.parse::<Decimal>().unwrap()));
    build::scenario(name, Start::Started, |code: &mut Code| {
        let ty = |name: &str| if name == "amount" { Type::Number } else { Type::Text };
        let fields = fields
            .iter()
            .map(|name| FieldUse { name: (*name).into(), ty: ty(name), optional: false, default: None })
            .collect();
        code.events.push(RecordUse { name: "purchased".into(), fields });
        code.routes.push(None);
        let least = code.exprs.push(number(least));
        let product = code.exprs.push(Expr::Event(place("product")));
        let amount = code.exprs.push(Expr::Event(place("amount")));
        let filter = Some(code.exprs.push(Expr::Less(least, amount)));
        let probe = code.probes.push(Probe { event: 0, filter, keys: vec![product] });
        let share = code.exprs.push(number(share));
        let of = Some(code.exprs.push(Expr::Multiply(amount, share)));
        let (kind, keys, window) = (AggregateKind::Sum, vec![share], Window::Ever);
        code.exprs.push(Expr::Aggregate(Aggregate { kind, probe, keys, window, filter: None, of }));
        Vec::new()
    })
}

#[test]
fn what_is_asked_in_the_same_words_has_one_number() {
    let (usual, other) = (["amount", "product"], ["product", "amount"]);
    for (fields, least, share, probes, takings) in [
        (usual, "5", "0.1", 1, 1),
        // The slots of a code are its own.
        (other, "5", "0.1", 1, 1),
        (other, "6", "0.1", 2, 1),
        (usual, "5", "0.2", 1, 2),
        // A sum has as many digits as what is summed.
        (usual, "5", "0.10", 1, 2),
    ] {
        let scenarios = vec![asks("a", usual, "5", "0.1"), asks("b", fields, least, share)];
        let program = Program::link(&build::bundle(scenarios), &[]).unwrap();
        let found = (program.probes_of(0).len(), program.shared.count);
        assert_eq!(found, (probes, takings), "{fields:?}, {least}, {share}");
        let same = program.units().iter().map(|unit| unit.code.probe_number(ProbeIx(0))).collect::<Vec<ProbeIx>>();
        assert_eq!(same.first() == same.last(), probes == 1);
    }
}
