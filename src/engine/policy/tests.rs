//! Quiet hours, caps and the holdout, apart from any scenario. Their meaning in scenarios is tested by `tests/meaning.rs`.

use super::{Claims, LinkedPolicy, draw, quiet_until};
use crate::engine::known::Known;
use crate::engine::output::Reason;
use crate::ir::{Cap, Class};
use crate::model::{Id, QuietHours};
use crate::time::{Duration, Instant, Precision, TimeOfDay, Weekday, Zone};
use proptest::prelude::*;
use rust_decimal::Decimal;

const HOUR: i64 = 3_600_000_000;

/// `20:00 to 09:00 and on sunday`, or a part of it.
fn quiet(text: &str) -> QuietHours {
    let mut quiet = QuietHours::default();
    for part in text.split(" and ") {
        match part.strip_prefix("on ") {
            Some(day) => quiet.days.push(Weekday::named(day).unwrap()),
            None => {
                let (from, to) = part.split_once(" to ").unwrap();
                quiet.between = Some((TimeOfDay::parse(from).unwrap(), TimeOfDay::parse(to).unwrap()));
            }
        }
    }
    quiet
}

/// Quiet hours, zone, an instant of that zone or of UTC, and the end in UTC; empty where it is not quiet.
const QUIET: [(&str, &str, &str, &str); 32] = [
    // The start is included, the end excluded.
    ("12:00 to 14:00", "UTC", "2024-05-15 11:59:59", ""),
    ("12:00 to 14:00", "UTC", "2024-05-15 12:00", "2024-05-15T14:00:00Z"),
    ("12:00 to 14:00", "UTC", "2024-05-15 13:59:59", "2024-05-15T14:00:00Z"),
    ("12:00 to 14:00", "UTC", "2024-05-15 14:00", ""),
    // Over midnight.
    ("20:00 to 09:00", "UTC", "2024-05-15 19:59:59", ""),
    ("20:00 to 09:00", "UTC", "2024-05-15 20:00", "2024-05-16T09:00:00Z"),
    ("20:00 to 09:00", "UTC", "2024-05-16 00:00", "2024-05-16T09:00:00Z"),
    ("20:00 to 09:00", "UTC", "2024-05-16 08:59:59", "2024-05-16T09:00:00Z"),
    ("20:00 to 09:00", "UTC", "2024-05-16 09:00", ""),
    ("20:00 to 00:00", "UTC", "2024-05-16 23:00", "2024-05-17T00:00:00Z"),
    ("00:00 to 09:00", "UTC", "2024-05-16 23:59:59", ""),
    // Whole days.
    ("on sunday", "UTC", "2024-05-18 23:59:59", ""),
    ("on sunday", "UTC", "2024-05-19 00:00", "2024-05-20T00:00:00Z"),
    ("on sunday", "UTC", "2024-05-19 23:59:59", "2024-05-20T00:00:00Z"),
    ("on sunday", "UTC", "2024-05-20 00:00", ""),
    ("on saturday and on sunday", "UTC", "2024-05-18 10:00", "2024-05-20T00:00:00Z"),
    // One after the other: saturday's evening, sunday, monday's morning.
    ("20:00 to 09:00 and on sunday", "UTC", "2024-05-18 21:00", "2024-05-20T09:00:00Z"),
    ("20:00 to 09:00 and on sunday", "UTC", "2024-05-19 12:00", "2024-05-20T09:00:00Z"),
    ("12:00 to 14:00 and on sunday", "UTC", "2024-05-19 13:00", "2024-05-20T00:00:00Z"),
    // In the zone of the contact.
    ("20:00 to 09:00", "Europe/Paris", "2024-05-15T18:00:00Z", "2024-05-16T07:00:00Z"),
    ("20:00 to 09:00", "Europe/Paris", "2024-05-15T17:59:59Z", ""),
    ("on sunday", "Asia/Kolkata", "2024-05-18T18:30:00Z", "2024-05-19T18:30:00Z"),
    // The night in which clocks go forward has 12 hours of 20:00 to 09:00, that in which they go back 14.
    ("20:00 to 09:00", "Europe/Paris", "2024-03-30 20:00", "2024-03-31T07:00:00Z"),
    ("20:00 to 09:00", "Europe/Paris", "2024-10-26 20:00", "2024-10-27T08:00:00Z"),
    // An end that does not exist moves forward by the gap; of one that exists twice the first is taken.
    ("20:00 to 02:30", "Europe/Paris", "2024-03-31T01:10:00Z", "2024-03-31T01:30:00Z"),
    ("20:00 to 02:30", "Europe/Paris", "2024-03-31T01:30:00Z", ""),
    ("20:00 to 02:30", "Europe/Paris", "2024-10-27T00:10:00Z", "2024-10-27T00:30:00Z"),
    ("20:00 to 02:30", "Europe/Paris", "2024-10-27T01:10:00Z", ""),
    // A start that does not exist: half past two is half past three.
    ("02:30 to 04:00", "Europe/Paris", "2024-03-31T01:00:00Z", ""),
    ("02:30 to 04:00", "Europe/Paris", "2024-03-31T01:30:00Z", "2024-03-31T02:00:00Z"),
    // A midnight that does not exist.
    ("on sunday", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
    ("on sunday", "America/Sao_Paulo", "2018-11-04T02:59:59Z", ""),
];

#[test]
fn quiet_hours_include_their_start_and_exclude_their_end() {
    for (hours, zone, at, end) in QUIET {
        let zone = Zone::named(zone).unwrap();
        let (at_instant, precision) = zone.parse(at).unwrap();
        assert_eq!(precision, Precision::Moment);
        let found = quiet_until(&quiet(hours), zone, at_instant);
        let found = found.map_or_else(String::new, |end| end.to_string());
        assert_eq!(found, end, "{hours} in {} at {at}", zone.name());
    }
}

#[test]
fn quiet_hours_that_never_end_hold_for_ever() {
    let always = QuietHours { between: None, days: Weekday::ALL.to_vec() };
    assert_eq!(quiet_until(&always, Zone::UTC, Instant(0)), Some(Instant::MAX));
    let noon = TimeOfDay::new(12, 0, 0).unwrap();
    let never = QuietHours { between: Some((noon, noon)), days: Vec::new() };
    assert_eq!(quiet_until(&never, Zone::UTC, Instant(12 * HOUR)), None);
}

#[test]
fn quiet_hours_that_are_known_are_those_of_the_instant_the_zone_and_the_policy() {
    let mut known = Known::default();
    for hours in ["20:00 to 09:00", "12:00 to 14:00 and on sunday", "20:00 to 09:00"] {
        let policy = policy(quiet(hours), Vec::new());
        for (_, zone, at, _) in QUIET.iter().flat_map(|case| [case, case]) {
            let zone = Zone::named(zone).unwrap();
            let at = zone.parse(at).unwrap().0;
            for zone in [zone, Zone::UTC, zone] {
                let found = known.quiet_until(&policy, zone, at);
                assert_eq!(found, quiet_until(&policy.quiet_hours, zone, at), "{hours} {at} {}", zone.name());
            }
        }
        // What follows is another contact's.
        known.clear();
    }
}

fn cap(class: Class, most: u32, per: Duration) -> Cap {
    Cap { class, most, per }
}

fn policy(quiet_hours: QuietHours, caps: Vec<Cap>) -> LinkedPolicy {
    LinkedPolicy { quiet_hours, caps, ..LinkedPolicy::default() }
}

#[test]
fn a_message_that_quiet_hours_hold_goes_at_their_end() {
    let policy = policy(quiet("20:00 to 09:00"), vec![cap(Class::Marketing, 1, Duration::seconds(86_400))]);
    let at = |text: &str| Zone::UTC.parse(text).unwrap().0;
    let mut claims = Claims::default();
    let hold = |class, has_slot, now, claims: &Claims| {
        policy.hold(class, has_slot, Zone::UTC, at(now), claims, &Known::default())
    };
    assert_eq!(hold(Class::Marketing, false, "2024-05-15 19:00", &claims), None);
    let morning = Some((at("2024-05-16 09:00"), Reason::QuietHours));
    assert_eq!(hold(Class::Marketing, false, "2024-05-15 21:00", &claims), morning);
    assert_eq!(hold(Class::Service, false, "2024-05-15 21:00", &claims), morning);
    assert_eq!(hold(Class::Transactional, false, "2024-05-15 21:00", &claims), None);
    policy.claim(&mut claims, Class::Marketing, at("2024-05-15 19:00"));
    // The slot is free within the quiet hours of the next day, or the quiet hours end before it is.
    assert_eq!(hold(Class::Marketing, false, "2024-05-15 19:30", &claims), Some((at("2024-05-16 19:00"), Reason::Cap)));
    let both = Some((at("2024-05-16 19:00"), Reason::QuietHours));
    assert_eq!(hold(Class::Marketing, false, "2024-05-15 21:00", &claims), both);
    assert_eq!(hold(Class::Marketing, true, "2024-05-15 21:00", &claims), morning);
    assert_eq!(hold(Class::Service, false, "2024-05-15 19:30", &claims), None);
    assert_eq!(hold(Class::Marketing, false, "2024-05-16 19:00", &claims), None);
}

/// Caps of both classes, and the instants, in hours from the one before, at which messages want to leave.
fn streams() -> impl Strategy<Value = (Vec<Cap>, Vec<(i64, bool)>)> {
    let class =
        prop::bool::weighted(0.7).prop_map(|marketing| if marketing { Class::Marketing } else { Class::Service });
    let per = prop::sample::select(vec![1, 5, 24, 168]).prop_map(|hours| Duration::seconds(hours * 3_600));
    let per = prop_oneof![4 => per, 1 => Just(Duration::days(1)), 1 => Just(Duration::months(1))];
    let caps = prop::collection::vec((class, 1u32..4, per).prop_map(|(class, most, per)| cap(class, most, per)), 0..4);
    (caps, prop::collection::vec((0i64..30, prop::bool::weighted(0.8)), 1..40))
}

proptest! {
    /// Whoever counts all claims of the past by hand finds room at just the instants that the policy names, and never before.
    #[test]
    fn caps_are_rolling_windows((caps, stream) in streams()) {
        let policy = policy(QuietHours::default(), caps.clone());
        let (mut claims, known) = (Claims::default(), Known::default());
        let mut left: Vec<(i64, Class)> = Vec::new();
        let mut now = 0;
        for (hours, is_marketing) in stream {
            now += hours * HOUR;
            let class = if is_marketing { Class::Marketing } else { Class::Service };
            let has_room = |at: i64| caps.iter().filter(|cap| cap.class == class).all(|cap| {
                let span = cap.per.nominal() as i64;
                let inside = left.iter().filter(|(then, of)| *of == class && *then > at - span && *then <= at);
                inside.count() < cap.most as usize
            });
            match policy.hold(class, false, Zone::UTC, Instant(now), &claims, &known) {
                None => {
                    prop_assert!(has_room(now));
                    policy.claim(&mut claims, class, Instant(now));
                    // Nothing is kept longer than a cap looks back.
                    let spans = caps.iter().filter(|cap| cap.class == class).map(|cap| cap.per.nominal() as i64);
                    let longest = spans.max().unwrap_or(0);
                    prop_assert!(claims.0.iter().all(|claim| claim.class != class || claim.at.0 > now - longest));
                    left.push((now, class));
                }
                Some((until, reason)) => {
                    prop_assert_eq!(reason, Reason::Cap);
                    prop_assert!(!has_room(now) && has_room(until.0) && !has_room(until.0 - 1));
                }
            }
        }
    }
}

#[test]
fn a_holdout_is_a_stable_share_of_persons() {
    let held = |percent: i64| {
        let policy = LinkedPolicy { holdout: Decimal::new(percent, 2), ..LinkedPolicy::default() };
        (0..20_000).filter(|id| policy.holds_out(&Id::Number(*id))).collect::<Vec<i64>>()
    };
    assert_eq!(held(0), [] as [i64; 0]);
    assert_eq!(held(100).len(), 20_000);
    let (five, ten) = (held(5), held(10));
    assert!((900..=1100).contains(&five.len()), "{} of 20,000", five.len());
    assert!((1850..=2150).contains(&ten.len()), "{} of 20,000", ten.len());
    // Who is held out at 5 % is held out at 10 % too.
    assert!(five.iter().all(|id| ten.contains(id)));
    // Written down: a draw never changes.
    assert_eq!(draw(&Id::Number(1)).round_dp(6).to_string(), "0.979060");
    assert_ne!(draw(&Id::Number(7)), draw(&Id::Text("7".into())));
}
