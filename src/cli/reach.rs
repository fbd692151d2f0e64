//! Which part of the contacts of a CRM a message can never reach.

use super::counted::{counted, grouped};
use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::ir::{Class, Code, Expr, ExprIx, Op, Send, StepIx};
use crate::model::{FieldDefault, Literal};
use crate::store::Error;
use crate::store::crm::{Channel, Crm, Reach};
use std::collections::BTreeMap;

/// From which part of the contacts on it is worth a note, in percent.
const WORTH_SAYING: u64 = 5;
/// From which part on a column is most likely empty or of another name, in percent.
const MOST_LIKELY_WRONG: u64 = 90;

/// A step that sends.
struct Sender<'c> {
    scenario: &'c str,
    step: StepIx,
    send: &'c Send,
}

/// The messages that many contacts can never get: one finding for all that ask for the same addresses and consents.
///
/// # Errors
/// When the contacts cannot be read.
pub fn unreachable(compiled: &Compiled, crm: &Crm) -> Result<Vec<Diagnostic>, Error> {
    let mut senders: BTreeMap<Vec<Channel>, Vec<Sender<'_>>> = BTreeMap::new();
    for scenario in compiled.bundle.iter().flat_map(|bundle| &bundle.scenarios) {
        for (place, step) in scenario.steps.values().iter().enumerate() {
            let Op::Send(send) = &step.op else { continue };
            let Some(channels) = channels(&scenario.code, send) else { continue };
            let step = StepIx(u32::try_from(place).unwrap_or(u32::MAX));
            senders.entry(channels).or_default().push(Sender { scenario: &scenario.name, step, send });
        }
    }
    let asked: Vec<Vec<Channel>> = senders.keys().cloned().collect();
    let found = crm.reach(&asked)?;
    let pairs = senders.values().zip(found);
    Ok(pairs.filter_map(|(senders, reach)| finding(compiled, senders, &reach?)).collect())
}

/// The channels of a message, where all ask for fields of the contact alone.
fn channels(code: &Code, send: &Send) -> Option<Vec<Channel>> {
    let field = |index: ExprIx| match code.exprs.get(index)? {
        Expr::Contact(slot) => code.contact.get(usize::from(*slot)),
        _ => None,
    };
    let mut channels = Vec::new();
    for each in &send.alternatives {
        let address = field(each.address).filter(|field| field.default.is_none())?.name.clone();
        let consent = match each.consent.filter(|_| send.class == Class::Marketing) {
            // What a log says of today may be otherwise tomorrow: whoever it is, they are not out of reach for ever.
            Some(consent) if is_logged(code, consent) => None,
            Some(consent) => {
                let field = field(consent)?;
                let empty = matches!(field.default, Some(FieldDefault::Literal(Literal::Flag(true))));
                Some((field.name.clone(), empty))
            }
            None => None,
        };
        channels.push(Channel { name: each.channel.clone(), address, consent });
    }
    channels.sort();
    channels.dedup();
    Some(channels)
}

/// Whether a consent is the last answer of a log.
fn is_logged(code: &Code, consent: ExprIx) -> bool {
    let of = |index: ExprIx| code.exprs.get(index);
    match of(consent) {
        Some(Expr::Default(last, _)) => matches!(of(*last), Some(Expr::Aggregate(_))),
        _ => false,
    }
}

fn finding(compiled: &Compiled, senders: &[Sender<'_>], reach: &Reach) -> Option<Diagnostic> {
    let first = senders.first()?;
    let never = reach.without_address + reach.without_consent;
    let percent = (never * 100).checked_div(reach.contacts)?;
    if percent < WORTH_SAYING {
        return None;
    }
    let names: Vec<String> =
        first.send.alternatives.iter().map(|each| format!("{} {}", each.channel, each.message)).collect();
    let others = match senders.len() - 1 {
        0 => String::new(),
        more => format!(" and {}", counted(more as u64, "other message")),
    };
    let reasons = [("no address", reach.without_address), ("no consent", reach.without_consent)];
    let reasons = reasons.iter().filter(|(_, count)| *count > 0);
    let reasons: Vec<String> = reasons.map(|(why, count)| format!("{why} {}", grouped(*count))).collect();
    let mut found = Diagnostic::new(
        Rule::ContactsUnreachable,
        format!(
            "{percent}% of {} ({}) can never get `{}`{others}: {}",
            counted(reach.contacts, "contact"),
            grouped(never),
            names.join(" or "),
            reasons.join(", ")
        ),
    );
    if percent >= MOST_LIKELY_WRONG {
        found.level = Level::Warning;
    }
    let steps = compiled.origins.get(first.scenario).into_iter().flat_map(|origin| &origin.steps);
    if let Some((_, span)) = steps.into_iter().find(|(step, _)| *step == first.step) {
        found = found.at(*span, "for them nothing is sent here");
    }
    let channels: Vec<&str> = first.send.alternatives.iter().map(|each| each.channel.as_str()).collect();
    Some(match channels.contains(&"sms") {
        true => found.help("fill the addresses and consents, or say whom the scenario is for: `for ...`"),
        false => found.help("fill the addresses and consents, or send by another channel too: `or sms ...`"),
    })
}
