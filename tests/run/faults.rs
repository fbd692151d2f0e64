//! All faults of a server in one run, on the virtual clock.

use super::fault_server::FaultServer;
use super::outbox;
use super::shop::{Shop, template};
use scn::channel::{SmtpSettings, Timeouts, TlsMode};
use scn::drivers::run::Post;
use scn::time::Instant;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

const START: i64 = 1_767_225_600;

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(START + seconds)
}

/// A shop whose contacts have just subscribed, one an address.
fn shop(class: &str, server: SocketAddr, addresses: &[String]) -> Shop {
    let text = format!("when subscribed send {class} email hello");
    let mut shop = Shop::new(&text, "UTC", &[template("email", "hello", "hello")]);
    shop.post = post(server);
    shop.sql(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
              CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at INTEGER, list TEXT);",
    );
    for (id, address) in addresses.iter().enumerate() {
        shop.sql(&format!(
            "INSERT INTO contact VALUES ({id}, '{address}'); INSERT INTO subscribed VALUES ({id}, {id}, {START}, 'news')"
        ));
    }
    shop
}

fn post(server: SocketAddr) -> Post {
    let (patience, short) = (Duration::from_secs(20), Duration::from_millis(600));
    let settings = SmtpSettings {
        host: server.ip().to_string(),
        port: server.port(),
        tls: TlsMode::None,
        credentials: None,
        extra_authorities: None,
        hello: "example.com".into(),
        timeouts: Timeouts { connect: patience, command: short, data: patience, block: patience, dot: short },
        leave: None,
    };
    Post::Server { settings: Box::new(settings), connections: 6 }
}

/// How a message for each behaviour ends: at once, after ten minutes, after three days. A server that closes within a
/// short body (`dropmid`) may be noticed before the dot or after it: which is which is for the tests of `channel`.
const FAULTS: [(&str, &str, &str, &str); 22] = [
    ("ok", "accepted", "accepted", "accepted"),
    ("slow", "accepted", "accepted", "accepted"),
    ("ok421", "accepted", "accepted", "accepted"),
    ("grey", "deferred", "accepted", "accepted"),
    ("r450", "deferred", "deferred", "expired"),
    ("garbage", "deferred", "deferred", "expired"),
    ("binary", "deferred", "deferred", "expired"),
    ("twice", "deferred", "deferred", "expired"),
    ("stallrcpt", "deferred", "deferred", "expired"),
    ("droprcpt", "deferred", "deferred", "expired"),
    ("d421", "deferred", "deferred", "expired"),
    ("dropdata", "deferred", "deferred", "expired"),
    ("dot451", "deferred", "deferred", "expired"),
    ("dot421", "deferred", "deferred", "expired"),
    ("r550", "bounced", "bounced", "bounced"),
    ("full", "bounced", "bounced", "bounced"),
    ("multi", "bounced", "bounced", "bounced"),
    ("dot550", "bounced", "bounced", "bounced"),
    ("dropdot", "uncertain", "uncertain", "uncertain"),
    ("half", "uncertain", "uncertain", "uncertain"),
    ("stalldot", "uncertain", "uncertain", "uncertain"),
    ("oddot", "uncertain", "uncertain", "uncertain"),
];

#[test]
fn each_fault_harms_its_own_message_alone() {
    let server = FaultServer::start();
    let each = || FAULTS.iter().flat_map(|fault| [(fault, 1), (fault, 2)]);
    let addresses: Vec<String> =
        each().map(|((behaviour, ..), copy)| format!("{behaviour}+{copy}@example.com")).collect();
    let shop = shop("", server.address, &addresses);
    let mut run = shop.open(at(0));
    for (place, now) in [at(0), at(600), at(3 * 86_400)].into_iter().enumerate() {
        run.tick(now, &|| false).unwrap();
        let rows = outbox::rows(&shop.state());
        for ((behaviour, first, second, third), copy) in each() {
            let address = format!("{behaviour}+{copy}@example.com");
            let row = rows.iter().find(|row| row.address == address).unwrap();
            assert_eq!(row.state.as_str(), *[first, second, third][place], "{place}: {row:?}");
        }
        if place == 0 {
            // Another process changes nothing about what is uncertain.
            drop(run);
            run = shop.open(at(0));
        }
    }
    let mut received: BTreeMap<String, usize> = BTreeMap::new();
    for mail in server.book.received() {
        *received.entry(mail.recipient).or_default() += 1;
    }
    for behaviour in ["ok", "slow", "ok421", "grey", "dot550", "dropdot", "half", "stalldot", "oddot"] {
        assert_eq!(received[&format!("{behaviour}+1@example.com")], 1, "{behaviour} reached its dot once");
    }
    let asked = server.book.commands().iter().filter(|line| line.contains("<r550+1@")).count();
    assert_eq!(asked, 1, "a bounce is not tried again");
    // What a server says comes from outside.
    let said: Vec<String> = outbox::rows(&shop.state()).into_iter().map(|row| row.reason).collect();
    assert!(said.iter().all(|text| !text.contains('\u{1b}') && !text.contains("@example.com")), "{said:?}");
}

#[test]
fn a_server_that_comes_back_gets_what_was_deferred() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let addresses: Vec<String> = (0..20).map(|place| format!("ok+{place}@example.com")).collect();
    let mut shop = shop("", nobody, &addresses);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    assert_eq!(run.report().deferred, 20);
    assert!(run.next().unwrap().unwrap() > at(180), "they are not tried at once");
    drop(run);
    let server = FaultServer::start();
    shop.post = post(server.address);
    shop.open(at(60)).tick(at(60), &|| false).unwrap();
    assert_eq!(server.book.connections(), 0);
    shop.open(at(600)).tick(at(600), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 20)]));
    assert_eq!(server.book.accepted().len(), 20);
}

#[test]
fn an_uncertain_transactional_message_is_sent_again_as_the_same() {
    let server = FaultServer::start();
    let shop = shop("transactional", server.address, &["dropdot+1@example.com".into()]);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    run.tick(at(3600), &|| false).unwrap();
    let ids: Vec<String> = (server.book.received().into_iter())
        .map(|mail| String::from_utf8(mail.data).unwrap())
        .map(|text| text.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    run.tick(at(3 * 86_400), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("expired".into(), 1)]));
}
