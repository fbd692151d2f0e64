//! How a person leaves: whether an email names a way to unsubscribe.

use crate::model::TemplateShape;
use std::ops::Range;

/// How a way out of marketing is called, in the languages of our shops: the beginnings of words, in lower case.
const WAYS_OUT: [&str; 18] = [
    "unsubscri",
    "opt out",
    "opt-out",
    "optout",
    "no longer receive",
    "stop receiving",
    "désabonn",
    "desabonn",
    "désinscri",
    "desinscri",
    "ne plus recevoir",
    "abmeld",
    "abbestell",
    "uitschrijv",
    "darse de baja",
    "disiscri",
    "annulla l’iscrizione",
    "cancelar a subscri",
];

/// How far from such a word stands what its reader can do: a link, an address, "reply STOP". In bytes.
const REACH: usize = 240;

/// How far back an open link is looked for, in bytes.
const TAG_MAX: usize = 4096;

/// What can be done with an email, the beginnings of words, in lower case.
const CAN_BE_DONE: [&str; 10] =
    ["http", "www.", "tel", "reply", "répond", "respond", "antwort", "antwoord", "rispond", "stop"];

/// What can be done too, wherever it stands: an address, a value.
const LEADS: [&str; 2] = ["@", "{{"];

/// What stands for a byte that nobody sees: no character of a text.
const UNSEEN: u8 = 0x01;

/// Whether there is a link or a value that is called a way out, or a word for it beside something that can be done: who reads
/// "you cannot unsubscribe" has no way out.
pub(super) fn is_named(shape: &TemplateShape) -> bool {
    let says = |text: &str| WAYS_OUT.iter().any(|way| text.contains(way));
    let mut seen = shape.text.as_bytes().to_vec();
    for range in &shape.body.hidden {
        seen.get_mut(range.clone()).into_iter().for_each(|bytes| bytes.fill(UNSEEN));
    }
    let is_seen = |place: usize| seen.get(place) != Some(&UNSEEN);
    // A page of preferences is a way out where it is one that can be opened.
    let leads_out = |address: &str| says(address) || address.contains("preference");
    let lower = |range: Range<usize>| {
        let range = range.start.min(seen.len())..range.end.min(seen.len());
        lower_in_place(&String::from_utf8_lossy(seen.get(range).unwrap_or_default()))
    };
    // `<a href="..." style="...">Unsubscribe</a>`, however much stands between.
    let is_in_link = |place: usize| {
        let before = lower(place.saturating_sub(TAG_MAX)..place).replace(['\n', '\r', '\t'], " ");
        before.rfind("<a ").is_some_and(|opens| before.rfind("</a").is_none_or(|closes| closes < opens))
    };
    let can_be_done = |place: usize| {
        if is_in_link(place) {
            return true;
        }
        let near = place.saturating_sub(REACH)..place.saturating_add(REACH);
        // The word itself tells nobody what to do: "you cannot stop receiving these".
        let text = WAYS_OUT.iter().fold(lower(near.clone()), |text, way| text.replace(way, " "));
        LEADS.iter().any(|way| text.contains(way))
            || CAN_BE_DONE.iter().any(|way| has_word(&text, way))
            || shape.links.iter().any(|link| {
                // Its address may be long.
                link.range.start < near.end && link.range.end > near.start && is_seen(link.range.start)
            })
    };
    let is_said = |range: &Range<usize>| {
        let text = lower(range.clone());
        let places = WAYS_OUT.iter().flat_map(|way| text.match_indices(way)).map(|(place, _)| range.start + place);
        places.into_iter().any(can_be_done)
    };
    shape.body.literal.iter().any(is_said)
        || shape.links.iter().any(|link| is_seen(link.range.start) && leads_out(&link.begins.to_lowercase()))
        || shape
            .variables
            .iter()
            .any(|variable| is_seen(variable.range.start) && leads_out(&variable.path.join(".").to_lowercase()))
}

/// Whether a word begins so.
fn has_word(text: &str, beginning: &str) -> bool {
    text.match_indices(beginning)
        .any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric)))
}

/// A text in lower case, each letter at its place: one whose small letter is longer or shorter stays.
fn lower_in_place(text: &str) -> String {
    let lower = |letter: char| {
        let mut small = letter.to_lowercase();
        let only = small.next().filter(|small| small.len_utf8() == letter.len_utf8());
        only.filter(|_| small.next().is_none()).unwrap_or(letter)
    };
    text.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{TemplateLink, TemplateText};

    #[test]
    fn a_way_out_is_a_word_a_link_or_a_value() {
        let shape = |text: &str| TemplateShape {
            text: text.into(),
            body: TemplateText { literal: std::iter::once(0..text.len()).collect(), ..Default::default() },
            ..TemplateShape::default()
        };
        for (text, expected) in [
            ("Unsubscribe: https://shop.example/out", true),
            ("You cannot unsubscribe", false),
            ("Write to us@shop.example to unsubscribe", true),
            ("Pour ne plus recevoir nos lettres, répondez STOP", true),
            ("Me DÉSABONNER : {{ page }}", true),
            ("Para darse de baja responda BAJA", true),
            ("Unsubscribe: www.shop.example/out", true),
            ("You cannot unsubscribe. This is a noreply address.", false),
            ("You cannot stop receiving these.", false),
            (&format!("{}Unsubscribe: https://shop.example/out", "İNDİRİM! ".repeat(150)), true),
            (&format!("<a\n  style='{}'>Unsubscribe</a>", "a: b; ".repeat(80)), true),
            (&format!("<a title='x' style='{}'>Unsubscribe</a>", "a: b; ".repeat(80)), true),
            ("Tell us your preference", false),
            ("See you soon", false),
        ] {
            assert_eq!(is_named(&shape(text)), expected, "{text}");
        }
        let link = TemplateLink { range: 0..0, begins: "https://shop.example/preferences".to_owned(), is_whole: true };
        let opaque = TemplateLink { range: 5..5, begins: "https://shop.example/u/17".to_owned(), is_whole: true };
        assert!(is_named(&TemplateShape { links: vec![opaque], ..shape("Unsubscribe") }));
        let mut with_link = TemplateShape { links: vec![link], ..shape("Change them") };
        assert!(is_named(&with_link));
        with_link.body.hidden = std::iter::once(0..6).collect();
        assert!(!is_named(&with_link));
        let mut in_comment = shape("See you <!-- unsubscribe -->");
        in_comment.body.hidden = std::iter::once(8..28).collect();
        assert!(!is_named(&in_comment));
    }
}
