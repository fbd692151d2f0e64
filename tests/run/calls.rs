//! Calls of webhooks over HTTPS, whatever the server does: each arrives, and a second attempt is known by its id.

use super::binary::{Project, code, text, wait_until};
use super::call_server::{Call, CallServer, KEY, certificate};
use super::outbox;
use super::random::Random;
use super::shop::{Shop, template};
use rusqlite::Connection;
use scn::channel::{SecretReference, Webhook};
use scn::drivers::run::Run;
use scn::time::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// 2026-01-01 00:00 UTC.
const START: i64 = 1_767_225_600;

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(START + seconds)
}

/// A webhook that signs with the test's key and trusts the test's authority.
fn webhook(address: &str, authority: &str) -> Webhook {
    let folder = tempfile::tempdir().unwrap();
    write_key(&folder.path().join("key"));
    let secret = SecretReference::parse("file:key").unwrap().resolve(folder.path()).unwrap();
    Webhook::new(address, Some(&secret), Some(&certificate(authority))).unwrap()
}

/// Writes the key as a file of its owner alone.
pub fn write_key(path: &Path) {
    fs::write(path, KEY).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// One scenario a webhook: it is called about those who subscribe to the list of its name.
fn scenario(webhook: &str) -> String {
    format!("scenario about_{webhook} {{ when subscribed list is \"{webhook}\"   call {webhook} }}\n")
}

/// A shop whose webhooks are at these addresses.
fn shop(text: &str, webhooks: &[(&str, String)]) -> Shop {
    let mut shop = Shop::new(text, "UTC", &[template("email", "hello", "hello")]);
    let webhooks = webhooks.iter().map(|(name, address)| ((*name).to_owned(), webhook(address, "authority.pem")));
    shop.webhooks = Arc::new(webhooks.collect());
    shop.sql(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, time_zone TEXT);
         CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at INTEGER, list TEXT);",
    );
    shop
}

/// A shop that calls each of these behaviours of a server.
fn shop_of(server: &CallServer, behaviours: &[&str]) -> Shop {
    let text: String = behaviours.iter().map(|behaviour| scenario(behaviour)).collect();
    let webhooks: Vec<_> = behaviours.iter().map(|behaviour| (*behaviour, server.address(behaviour))).collect();
    shop(&text, &webhooks)
}

fn subscribe(shop: &Shop, contacts: impl IntoIterator<Item = i64>, list: &str, seconds: i64) {
    let mut sql = String::from("BEGIN;");
    for contact in contacts {
        sql += &format!(
            "INSERT OR IGNORE INTO contact(id, email) VALUES ({contact}, 'canary{contact}@example.com');
             INSERT INTO subscribed(contact, at, list) VALUES ({contact}, {}, '{list}');",
            START + seconds
        );
    }
    shop.sql(&(sql + "COMMIT;"));
}

/// How many calls are in each state.
fn states(shop: &Shop) -> BTreeMap<String, usize> {
    outbox::states(&shop.state())
}

fn tick(run: &mut Run, seconds: i64) {
    run.tick(at(seconds), &|| false).unwrap();
}

/// How often each id arrived; one id never bears two bodies.
fn by_id(calls: &[Call]) -> BTreeMap<&str, usize> {
    let mut bodies: BTreeMap<&str, &serde_json::Value> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for call in calls {
        assert_eq!(*bodies.entry(&call.id).or_insert(&call.body), &call.body);
        *counts.entry(call.id.as_str()).or_default() += 1;
    }
    counts
}

/// A behaviour; how its call ends at once, after 119 seconds, after 121, after ten minutes; how often it arrived in all.
const FAULTS: [(&str, [&str; 4], usize); 13] = [
    ("ok", ["accepted"; 4], 1),
    ("slow", ["accepted"; 4], 1),
    ("cutafter", ["accepted"; 4], 1),
    ("huge", ["accepted"; 4], 1),
    ("drip", ["accepted"; 4], 1),
    ("once500", ["deferred", "deferred", "deferred", "accepted"], 2),
    ("cut", ["deferred", "deferred", "deferred", "accepted"], 2),
    ("half", ["deferred", "deferred", "deferred", "accepted"], 2),
    ("garbage", ["deferred", "deferred", "deferred", "accepted"], 2),
    ("busy", ["deferred", "deferred", "accepted", "accepted"], 2),
    ("s404", ["bounced"; 4], 1),
    ("s410", ["bounced"; 4], 1),
    ("redirect", ["bounced"; 4], 1),
];

#[test]
fn each_fault_harms_its_own_call_alone() {
    let server = CallServer::start("good");
    let behaviours = FAULTS.map(|(behaviour, ..)| behaviour);
    let shop = shop_of(&server, &behaviours);
    let mut run = shop.open(at(0));
    for (place, behaviour) in behaviours.iter().enumerate() {
        subscribe(&shop, [place as i64], behaviour, 0);
    }
    for (place, now) in [0, 119, 125, 600].into_iter().enumerate() {
        tick(&mut run, now);
        let rows = outbox::rows(&shop.state());
        for (behaviour, ends, _) in FAULTS {
            let row = rows.iter().find(|row| row.message == behaviour).unwrap();
            assert_eq!(row.state, ends[place], "{now}: {row:?}");
        }
    }
    let calls = server.calls();
    for (behaviour, _, times) in FAULTS {
        let of_it: Vec<&Call> = calls.iter().filter(|call| call.path == behaviour).collect();
        assert_eq!(of_it.len(), times, "{behaviour}");
        assert!(of_it.iter().all(|call| call.id == of_it[0].id && call.body == of_it[0].body), "{of_it:?}");
        // The time of each attempt is its own.
        let times: Vec<i64> = of_it.iter().map(|call| call.timestamp - START).collect();
        assert!((0..60).contains(&times[0]) && times.iter().skip(1).all(|time| *time >= 120), "{behaviour}: {times:?}");
    }
    assert_eq!(by_id(&calls).len(), FAULTS.len());
    assert!(!calls.iter().any(|call| call.path == "elsewhere"), "a redirection is not followed");
    assert!(server.taken_bytes() < 8_000_000, "{} bytes of a body without end", server.taken_bytes());
    let report = run.report();
    assert_eq!(report.sent["webhook"], 10);
    let reasons: BTreeSet<&str> = report.not_sent.keys().map(|(_, reason)| reason.as_str()).collect();
    assert!(reasons.contains("webhook `s404`: it answers 404"), "{reasons:?}");
    assert_eq!(report.stopped_webhooks, ["s410".to_owned()].into());
    assert!(report.troubles.contains("webhook `cut`: the connection was lost before its answer"), "{report:?}");
    nobody_tells(&shop, &run);
}

/// Neither the address, nor the key, nor what the server said, nor an email stands in messages or in the state.
fn nobody_tells(shop: &Shop, run: &Run) {
    assert!(!format!("{:?}", run.report()).contains("canary"));
    for file in fs::read_dir(shop.kept()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains("canary"));
    }
    let rows = outbox::rows(&shop.state());
    assert!(rows.iter().all(|row| row.address.ends_with("/…")), "{rows:?}");
}

#[test]
fn a_wrong_certificate_ends_it_before_a_word_is_said() {
    for (server, authority, said) in [
        ("expired", "authority.pem", "its certificate has expired"),
        ("other", "authority.pem", "its certificate is for another name"),
        ("good", "other.pem", "its certificate is of an authority that is not trusted here"),
    ] {
        let server = CallServer::start(server);
        let mut shop = shop(&scenario("ok"), &[]);
        shop.webhooks = Arc::new([("ok".to_owned(), webhook(&server.address("ok"), authority))].into());
        let mut run = shop.open(at(0));
        subscribe(&shop, 0..20, "ok", 0);
        tick(&mut run, 0);
        assert_eq!(states(&shop), [("deferred".to_owned(), 20)].into());
        assert_eq!(run.report().troubles, [format!("webhook `ok`: {said}")].into());
        assert!(server.calls().is_empty());
        nobody_tells(&shop, &run);
        // Once it is mended, nothing is lost.
        drop(run);
        let good = CallServer::start("good");
        shop.webhooks = Arc::new([("ok".to_owned(), webhook(&good.address("ok"), "authority.pem"))].into());
        tick(&mut shop.open(at(700)), 700);
        assert_eq!((states(&shop)["accepted"], by_id(&good.calls()).len()), (20, 20));
    }
}

#[test]
fn a_webhook_that_is_away_rests_and_others_do_not() {
    let server = CallServer::start("good");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let addresses = [
        ("moody", server.address("moody")),
        ("ok", server.address("ok")),
        ("nobody", format!("https://localhost:{}/", nobody.port())),
    ];
    let text: String = addresses.iter().map(|(name, _)| scenario(name)).collect();
    let shop = shop(&text, &addresses);
    let mut run = shop.open(at(0));
    server.mood("s503");
    subscribe(&shop, 0..500, "moody", 0);
    subscribe(&shop, 0..500, "nobody", 0);
    subscribe(&shop, 0..250, "ok", 0);
    tick(&mut run, 0);
    assert_eq!(states(&shop), [("accepted".to_owned(), 250), ("deferred".to_owned(), 1000)].into());
    let moody = || server.calls().iter().filter(|call| call.path == "moody").count();
    assert!((1..=8).contains(&moody()), "{}", moody());
    assert!(server.at_once_most() > 1 && server.at_once_most() <= 8, "{}", server.at_once_most());
    let before = moody();
    // Those that come due while it rests wait too.
    subscribe(&shop, 500..600, "moody", 60);
    tick(&mut run, 60);
    assert_eq!(moody(), before);
    server.mood("ok");
    tick(&mut run, 900);
    assert_eq!(states(&shop), [("accepted".to_owned(), 850), ("deferred".to_owned(), 500)].into());
    let calls = server.calls();
    let counts = by_id(&calls);
    assert_eq!(counts.len(), 850);
    assert_eq!(counts.values().filter(|count| **count > 1).count(), before, "the same id again, and only then");
    assert_eq!(run.report().troubles.len(), 2, "{:?}", run.report().troubles);
}

#[test]
fn a_webhook_that_refuses_call_after_call_is_stopped_and_loses_nothing_more() {
    let server = CallServer::start("good");
    let shop = shop_of(&server, &["moody", "ok"]);
    let mut run = shop.open(at(0));
    server.mood("s403");
    subscribe(&shop, 0..60, "moody", 0);
    subscribe(&shop, 0..30, "ok", 0);
    tick(&mut run, 0);
    let found = states(&shop);
    assert!((20..28).contains(&found["bounced"]), "{found:?}");
    assert_eq!((found["accepted"], found["bounced"] + found["deferred"]), (30, 60), "{found:?}");
    assert_eq!(run.report().stopped_webhooks, ["moody".to_owned()].into());
    assert!(run.report().troubles.iter().any(|said| said.contains("webhook `moody` refuses calls (it answers 403)")));
    // As long as this run goes on, it is not called.
    server.mood("ok");
    tick(&mut run, 3_600);
    assert_eq!(states(&shop), found);
    drop(run);
    tick(&mut shop.open(at(7_200)), 7_200);
    assert_eq!(states(&shop)["accepted"], 90 - found["bounced"]);
    assert!(by_id(&server.calls()).values().all(|count| *count == 1));
}

#[test]
fn calls_of_one_contact_arrive_in_their_order() {
    let server = CallServer::start("good");
    let text = "scenario tell { when subscribed\n call moody with step = 1\n call moody with step = 2\n call ok with step = 3\n wait 1 minute\n call moody with step = 4 }";
    let shop = shop(text, &[("moody", server.address("moody")), ("ok", server.address("ok"))]);
    let mut run = shop.open(at(0));
    server.mood("once500");
    subscribe(&shop, 0..12, "any", 0);
    for seconds in [0, 60, 120] {
        tick(&mut run, seconds);
        assert_eq!(states(&shop)["accepted"], 12, "only the other webhook is told");
    }
    // A process that was away for long finds all of them due.
    drop(run);
    server.mood("ok");
    tick(&mut shop.open(at(1_000)), 1_000);
    let calls = server.calls();
    for contact in 0..12 {
        let of_it = calls.iter().filter(|call| call.body["contact"] == contact);
        let order: Vec<(i64, bool)> =
            of_it.map(|call| (call.body["values"]["step"].as_i64().unwrap(), call.timestamp > START + 500)).collect();
        assert_eq!(order, [(1, false), (3, false), (1, true), (2, true), (4, true)], "contact {contact}");
    }
    assert_eq!(states(&shop), [("accepted".to_owned(), 48)].into());
}

#[test]
fn calls_that_were_put_off_keep_their_order() {
    let server = CallServer::start("good");
    let text = "scenario tell { when subscribed\n call moody with step = 1\n call moody with step = 2 }";
    let shop = shop(text, &[("moody", server.address("moody"))]);
    let mut run = shop.open(at(0));
    server.mood("s410");
    subscribe(&shop, 0..40, "any", 0);
    tick(&mut run, 0);
    drop(run);
    // Each waits as long as its own key says.
    server.mood("ok");
    let before = server.calls().len();
    tick(&mut shop.open(at(1_000)), 1_000);
    let mut steps: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for call in &server.calls()[before..] {
        let step = call.body["values"]["step"].as_i64().unwrap();
        steps.entry(call.body["contact"].as_i64().unwrap()).or_default().push(step);
    }
    assert!(steps.len() >= 32 && steps.values().all(|steps| steps.is_sorted()), "{steps:?}");
}

#[test]
fn a_call_expires_in_the_zone_of_the_policy() {
    // Between the two midnights the clocks of Paris go forward: two days there are 47 hours.
    let text = "policy { time zone contact.time_zone default \"UTC\" }
        scenario tell { when subscribed\n send email hello\n call stock }";
    let shop = shop(text, &[]);
    let spring = 1_774_738_800;
    shop.sql(&format!(
        "INSERT INTO contact VALUES (1, 'a@example.com', 'Europe/Paris'), (2, 'b@example.com', 'UTC');
         INSERT INTO subscribed VALUES (1, 1, {spring}, 'news'), (2, 2, {spring}, 'news')"
    ));
    let mut run = shop.open(Instant::from_seconds(spring));
    run.tick(Instant::from_seconds(spring), &|| false).unwrap();
    let db = Connection::open(shop.state()).unwrap();
    let sql = "SELECT contact, alternatives = '[]', (expires_at - due) / 3600000000 FROM scn_outbox ORDER BY 1, 2";
    let rows: Vec<(i64, bool, i64)> = (db.prepare(sql).unwrap())
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rows, [(1, false, 47), (1, true, 47), (2, false, 48), (2, true, 48)]);
}

/// A project on the disk that calls a webhook of the server.
/// A webhook; when the contact is gone, in seconds; what the call ended as.
#[test]
fn an_erasure_waits_for_the_calls_before_it() {
    let server = CallServer::start("good");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let late = 2 * 86_400 + 1;
    let cases =
        [("ok", 0, "accepted"), ("once500", 600, "accepted"), ("s404", 0, "bounced"), ("away", late, "expired")];
    let addresses = cases
        .map(|(name, ..)| (name, if name == "away" { format!("https://{nobody}/x") } else { server.address(name) }));
    let leave = |(name, ..): &(&str, i64, &str)| {
        format!(
            "scenario leave_{name} {{ when subscribed list is \"{name}\"
               call {name} with list = list   erase contact only if list is \"{name}\" }}\n"
        )
    };
    let shop = shop(&cases.iter().map(leave).collect::<String>(), &addresses);
    let mut run = shop.open(at(0));
    for (contact, (name, ..)) in (1..).zip(cases) {
        subscribe(&shop, [contact], name, 0);
    }
    for now in [0, 600, late] {
        tick(&mut run, now);
        let crm = Connection::open(shop.crm()).unwrap();
        for (contact, (name, gone, _)) in (1i64..).zip(cases) {
            let sql = "SELECT EXISTS (SELECT 1 FROM contact WHERE id = ?1)";
            let is_there: bool = crm.query_row(sql, [contact], |row| row.get(0)).unwrap();
            assert_eq!(is_there, now < gone, "{name} after {now} seconds");
        }
    }
    let paths: Vec<String> = server.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(paths.iter().filter(|path| *path == "once500").count(), 2);
    let messages = run.outlook().unwrap().messages;
    let counts: Vec<(&str, u64)> = messages.iter().map(|(state, _, count)| (state.name(), *count)).collect();
    assert_eq!(counts, [("accepted", 2), ("bounced", 1), ("expired", 1)]);
    assert_eq!(run.next().unwrap(), None);
}

fn project(server: &CallServer, behaviour: &str) -> Project {
    let more = format!(
        "[webhooks.stock]\nurl = \"{}\"\nsecret = \"file:key\"\nauthority = \"{}\"\n",
        server.address(behaviour),
        certificate("authority.pem").display()
    );
    Project::with("when subscribed list is \"news\" call stock\n", &more)
}

fn contacts(count: usize) -> Vec<String> {
    (0..count).map(|place| format!("canary{place}@example.com")).collect()
}

#[test]
fn killed_while_it_calls() {
    const KILLS: usize = 20;
    let server = CallServer::start("good");
    let project = project(&server, "slow");
    project.subscribe(&contacts(400));
    let mut random = Random::new(11);
    for _ in 0..KILLS {
        let mut child = project.spawn();
        std::thread::sleep(Duration::from_millis(random.range(30, 600) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(outbox::quick_check(&project.state()), "ok");
    }
    let output = project.once();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert_eq!(outbox::states(&project.state()), [("accepted".to_owned(), 400)].into());
    let calls = server.calls();
    let counts = by_id(&calls);
    let known: BTreeSet<String> = outbox::rows(&project.state()).into_iter().map(|row| row.key).collect();
    assert_eq!(counts.keys().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), known, "none is lost, none invented");
    let repeated: usize = counts.values().map(|count| count - 1).sum();
    println!("{repeated} calls came again after {KILLS} kills");
    assert!(repeated <= KILLS * 8, "{repeated} came again: more than were under way");
    assert!(!text(&output.stdout).contains("canary") && !text(&output.stderr).contains("canary"));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_calls_cleanly() {
    let server = CallServer::start("good");
    let project = project(&server, "slow");
    project.subscribe(&contacts(200));
    let child = project.spawn();
    wait_until("calls are made", || server.calls().len() > 10);
    super::killed::signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let states = outbox::states(&project.state());
    assert!(
        states["accepted"] < 200 && states.keys().all(|state| state == "accepted" || state == "deferred"),
        "{states:?}"
    );
    assert_eq!(states["accepted"], server.calls().len(), "what was under way was waited for");
    assert_eq!(code(&project.once()), 0);
    assert_eq!(by_id(&server.calls()).len(), 200);
    assert!(by_id(&server.calls()).values().all(|count| *count == 1));
}

#[test]
fn a_webhook_that_is_wrongly_configured_is_said_before_anything_is_done() {
    let server = CallServer::start("good");
    let project = project(&server, "s403");
    project.subscribe(&contacts(60));
    let output = project.once();
    assert_eq!(code(&output), 69, "{}", text(&output.stdout));
    assert!(
        text(&output.stdout).contains("webhook `stock` refuses calls (it answers 403)"),
        "{}",
        text(&output.stdout)
    );
    for (key, said) in [("whsec_canary", "24 to 64 bytes"), ("", "is empty")] {
        fs::write(project.path("key"), key).unwrap();
        let output = project.once();
        assert_eq!(code(&output), 78, "{}", text(&output.stderr));
        assert!(
            text(&output.stderr).contains(said) && !text(&output.stderr).contains("canary"),
            "{}",
            text(&output.stderr)
        );
    }
}
