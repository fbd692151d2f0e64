//! Simulate = run under a policy: what quiet hours and caps hold back leaves at the same instants, and what never leaves is
//! the same, of two scenarios that compete; several rows of one instant included.

use super::equal::{Arrival, Life, arrivals, templates};
use super::invent;
use super::outbox;
use super::random::Random;
use super::seeds::seeds;
use super::shop::{Shop, template};
use super::shrink::{Case, smallest};
use super::side_by_side::of_each;
use super::tables;
use super::world::{Key, World};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use rust_decimal::Decimal;
use scn::drivers::simulate::{Request, simulate};
use scn::ir::{Bundle, Cap, Class, Code, Expr, Op, Policy};
use scn::model::{Literal, QuietHours};
use scn::store::crm::Crm;
use scn::time::{Duration, Instant, TimeOfDay, Weekday};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// What became of a message: contact, scenario, step, outcome, its instant in seconds, channel and message.
type Line = (String, String, u16, String, i64, String, String);

/// Scenarios beside the invented one, so that they compete for one slot, and ask what became of their messages.
const OTHERS: &str = "
scenario other {
  when purchased
  wait 1 day
  send email other or sms other_sms
  wait up to 3 days for opened other
  if opened other { send email thanks } else if opened other is unknown { send sms unsure } else { send email again }
  wait 12 hours
  send email bye only if sent other
}
scenario follows {
  when sent other
  stop when bounced
  wait 2 hours
  send sms follows unless opened other in last 1 day
}
scenario reads { when opened other wait 1 hour send email reads }
";

/// The messages of these scenarios.
const MESSAGES: [(&str, &str); 8] = [
    ("email", "other"),
    ("sms", "other_sms"),
    ("email", "thanks"),
    ("sms", "unsure"),
    ("email", "again"),
    ("email", "bye"),
    ("sms", "follows"),
    ("email", "reads"),
];

/// Adds what people did with messages to a CRM, or the empty tables; gives the rows as they arrive.
fn opens(random: &mut Random, world: &World, full: &Path, empty: &Path) -> Vec<Arrival> {
    let tables = "CREATE TABLE opened(id INTEGER PRIMARY KEY, contact, at INTEGER, message TEXT, \"by\" TEXT);
                  CREATE TABLE bounced(id INTEGER PRIMARY KEY, contact, at INTEGER, message TEXT, hard INTEGER);";
    Connection::open(empty).unwrap().execute_batch(tables).unwrap();
    let db = Connection::open(full).unwrap();
    db.execute_batch(tables).unwrap();
    let mut arrivals = Vec::new();
    for id in 1..=random.range(0, 30) {
        let near = random.pick(&world.events);
        let at = near.at + random.range(1, 8 * 24) * 1800 + random.range(0, 1) * 7;
        let contact = match world.text_ids {
            true => Value::Text(format!("c-{}", near.contact)),
            false => Value::Integer(near.contact),
        };
        let message = random.pick(&["other", "other", "other_sms", "thanks"]);
        let event = if random.percent(85) { "opened" } else { "bounced" };
        if event == "opened" {
            let by = random.pick(&[Some("person"), Some("person"), Some("machine"), Some("unknown"), None]);
            db.execute("INSERT INTO opened VALUES (?, ?, ?, ?, ?)", params![id, contact, at, message, by]).unwrap();
        } else {
            db.execute("INSERT INTO bounced VALUES (?, ?, ?, ?, 1)", params![id, contact, at, message]).unwrap();
        }
        arrivals.push(Arrival { arrived: at, event: event.to_owned(), id: Key::Number(id) });
    }
    arrivals
}

fn policy(random: &mut Random) -> Policy {
    let time = |hour, minute| TimeOfDay::new(hour, minute, 0).unwrap();
    let mut policy = Policy::default();
    let (quiet, caps) = (random.percent(60), random.percent(75));
    if quiet || !caps {
        let spans = [(time(20, 0), time(9, 0)), (time(12, 0), time(14, 0)), (time(22, 0), time(2, 30))];
        let between = random.percent(80).then(|| random.pick(&spans));
        let days = [Weekday::Sunday, Weekday::Monday, Weekday::Saturday];
        let days = if random.percent(50) || between.is_none() { vec![random.pick(&days)] } else { Vec::new() };
        policy.quiet_hours = QuietHours { between, days };
    }
    for _ in 0..if caps { random.range(1, 2) } else { 0 } {
        let most = random.range(1, 3) as u32;
        let lengths =
            [Duration::seconds(3600), Duration::days(1), Duration::days(3), Duration::days(7), Duration::months(1)];
        policy.caps.push(Cap { class: Class::Marketing, most, per: random.pick(&lengths) });
    }
    let orders: [&[&str]; 4] = [&[], &["other"], &["story"], &["story", "other"]];
    policy.priority = random.pick(&orders).iter().map(|name| (*name).to_owned()).collect();
    if random.percent(20) {
        policy.holdout = Decimal::new(30, 2);
    }
    if random.percent(30) {
        let mut code = Code::default();
        policy.zone = Some(code.exprs.push(Expr::Literal(Literal::Text("Asia/Kolkata".into()))));
        policy.code = code;
    }
    policy
}

/// Puts a policy into a bundle, and gives messages their classes.
fn limit(bundle: &mut Bundle, random: &mut Random) {
    bundle.policy = policy(random);
    let expires = [Duration::days(2), Duration::days(10), Duration::seconds(6 * 3600), Duration::days(1)];
    bundle.settings.expire = random.pick(&expires);
    for step in bundle.scenarios.iter_mut().flat_map(|scenario| scenario.steps.values_mut()) {
        if let Op::Send(send) = &mut step.op
            && random.percent(20)
        {
            send.class = random.pick(&[Class::Service, Class::Transactional]);
        }
    }
}

/// Both answers for a case, the simulation's and the run's, without the lines of messages that never were in an outbox: of
/// those the tables tell, which are equal.
fn both(seed: u64, case: &Case) -> (Vec<Line>, Vec<Line>) {
    let mut files = templates(&case.stories);
    files.extend(MESSAGES.map(|(channel, message)| template(channel, message, "one")));
    let mut shop = Shop::new(&format!("{}{OTHERS}", case.text()), case.world.zone.name(), &files);
    let mut random = Random::new(seed.wrapping_mul(7));
    limit(&mut shop.bundle, &mut random);
    let full = shop.folder.path().join("full.db");
    case.world.write(&full);
    World { events: Vec::new(), ..case.world.clone() }.write(&shop.crm());
    let opens = match case.world.events.is_empty() {
        true => Vec::new(),
        false => opens(&mut random, &case.world, &full, &shop.crm()),
    };
    let request = Request { to: case.world.to.map(Instant::from_seconds), ..Request::default() };
    let mut bytes = Vec::new();
    let simulation = simulate(&shop.bundle, &Crm::open(&full).unwrap(), &request, Some(&mut bytes)).unwrap();
    let gathers = case.text().contains(" together");
    let wanted = told(&bytes, gathers);
    let Some((from, to)) = simulation.report.span else { return (wanted, Vec::new()) };
    let mut arrivals = arrivals(&full, &case.world);
    arrivals.extend(opens);
    arrivals.retain(|arrival| arrival.arrived <= to.seconds());
    arrivals.sort_by_key(|arrival| arrival.arrived);
    let mut life = Life { shop: &shop, full: &full, random: Random::new(!seed), cuts: 0 };
    life.live(&arrivals, from, to);
    tables::are_equal(&shop, &simulation.report.tables);
    (wanted, kept(&shop, gathers))
}

/// What the effects CSV says of messages that came as far as an outbox. One that `gathers` several instances may lose some
/// on its way, and each that it loses has a line of its own there: those lines are left out.
fn told(csv: &[u8], gathers: bool) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for record in csv::Reader::from_reader(csv).records().map(Result::unwrap) {
        let outcome = match &record[9] {
            outcome @ ("sent" | "deferred") => outcome.to_owned(),
            outcome @ ("expired" | "cancelled" | "held out") if !gathers => outcome.to_owned(),
            _ => continue,
        };
        let at = chrono::DateTime::parse_from_rfc3339(&record[0]).unwrap().timestamp();
        let (channel, message) = match outcome.as_str() {
            "sent" => (record[7].to_owned(), record[8].to_owned()),
            _ => (String::new(), String::new()),
        };
        lines.push((record[1].into(), record[2].into(), record[5].parse().unwrap(), outcome, at, channel, message));
    }
    lines.sort();
    lines
}

/// As [`told`], by the state file.
fn kept(shop: &Shop, gathers: bool) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in outbox::rows(&shop.state()) {
        let (outcome, at) = match row.state.as_str() {
            "accepted" => ("sent".to_owned(), row.settled),
            "deferred" => ("deferred".to_owned(), row.due),
            "expired" | "cancelled" | "held out" if !gathers => (row.state.clone(), row.settled),
            "skipped" | "suppressed" | "expired" | "cancelled" | "held out" => continue,
            other => panic!("{other}: {row:?}"),
        };
        let said = if outcome == "sent" { (row.channel, row.message) } else { Default::default() };
        lines.push((row.contact, row.scenario, row.step, outcome, at, said.0, said.1));
    }
    lines.sort();
    lines
}

#[test]
fn a_run_under_a_policy_sends_what_the_simulation_sends() {
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut messages: BTreeMap<String, usize> = BTreeMap::new();
    let all = of_each(&seeds(160), |seed| {
        let mut random = Random::new(seed);
        let stories = invent::stories(&mut random, &["story"], false);
        let world = invent::world(&mut random, &stories);
        let case = Case { stories, world };
        let same = |case: &Case| {
            let answers = catch_unwind(AssertUnwindSafe(|| both(seed, case)));
            answers.ok().and_then(|(wanted, found)| (wanted == found).then_some(wanted))
        };
        let Some(wanted) = same(&case) else {
            let smallest = smallest(case, |case| same(case).is_none());
            panic!("seed {seed} (run it alone with SCN_SEED={seed}): {}", described(seed, &smallest));
        };
        wanted
    });
    for line in all.into_iter().flatten() {
        if line.3 == "sent" {
            *messages.entry(line.6).or_default() += 1;
        }
        *outcomes.entry(line.3).or_default() += 1;
    }
    println!("{outcomes:?} {messages:?}");
    let all_came =
        ["sent", "deferred", "expired", "cancelled", "held out"].iter().all(|name| outcomes.contains_key(*name))
            && MESSAGES.iter().all(|(_, message)| messages.get(*message).is_some_and(|count| *count > 10));
    assert!(std::env::var("SCN_SEED").is_ok() || all_came);
}

fn described(seed: u64, case: &Case) -> String {
    let mut bundle = Shop::new(&case.text(), case.world.zone.name(), &templates(&case.stories)).bundle;
    limit(&mut bundle, &mut Random::new(seed.wrapping_mul(7)));
    let answers = catch_unwind(AssertUnwindSafe(|| both(seed, case)));
    let answers = match &answers {
        Ok((wanted, found)) => {
            let only = |one: &[Line], other: &[Line]| -> Vec<String> {
                one.iter().filter(|line| !other.contains(line)).map(|line| format!("{line:?}")).collect()
            };
            format!("only simulate: {:#?}\nonly run: {:#?}", only(wanted, found), only(found, wanted))
        }
        Err(_) => "it panics".to_owned(),
    };
    format!(
        "{}\n{:#?}\nexpire {}\nzone {}, to {:?}\n{:#?}\n{answers}",
        case.text(),
        bundle.policy,
        bundle.settings.expire,
        case.world.zone,
        case.world.to,
        case.world.events
    )
}
