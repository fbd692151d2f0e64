//! The sender against a server that misbehaves, and against certificates that are wrong.

use super::*;
use crate::channel::{EmailAddress, EmailSettings, Letter, Rendered, Secret, SecretReference};
use crate::time::Instant;
use fault_server::FaultServer;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[path = "../../../tests/fixtures/fault_server.rs"]
#[allow(dead_code, reason = "the fixture serves several test binaries")]
mod fault_server;
mod tls;

fn mail(local_part: &str) -> Mail {
    mail_with(local_part, "Hello\n.\n..two\n.last")
}

fn mail_with(local_part: &str, text: &str) -> Mail {
    let settings = EmailSettings::parse("Shop <shop@sender.example>", None).unwrap();
    let rendered = Rendered { subject: Some("Hello".into()), text: text.into(), html: None };
    let to = EmailAddress::parse(&format!("{local_part}@example.com")).unwrap();
    let date = Instant::from_seconds(1_300_000_000);
    let letter = Letter { key: "k1", scenario: "renewal", to: &to, to_name: None, date, rendered: &rendered };
    Mail::build(&settings, &letter).unwrap()
}

fn settings(address: SocketAddr) -> SmtpSettings {
    let patient = Duration::from_secs(20);
    SmtpSettings {
        host: address.ip().to_string(),
        port: address.port(),
        tls: TlsMode::None,
        credentials: None,
        extra_authorities: None,
        hello: "sender.example".into(),
        timeouts: Timeouts { connect: patient, command: patient, data: patient, block: patient, dot: patient },
        leave: None,
    }
}

fn send(sender: &mut Sender, mail: &Mail) -> Outcome {
    sender.send(mail, || Ok::<_, Infallible>(())).unwrap()
}

/// An outcome in one line: what a table can hold.
fn line(outcome: &Outcome) -> String {
    let enhanced = |code: &Option<String>| code.clone().unwrap_or("-".into());
    match outcome {
        Outcome::Accepted { code, enhanced: more, text } => format!("accepted {code} {} {text}", enhanced(more)),
        Outcome::Deferred { phase, code, text } => {
            format!("deferred {phase} {} {text}", code.map_or("-".into(), |code| code.to_string()))
        }
        Outcome::Left => "left".into(),
        Outcome::Bounced { class, code, enhanced: more, text } => {
            format!("bounced {class:?} {code} {} {text}", enhanced(more))
        }
        Outcome::Uncertain { text } => format!("uncertain {text}"),
    }
}

const FAULTS: [(&str, &str); 24] = [
    ("ok", "accepted 250 2.0.0 queued as 1"),
    ("slow", "accepted 250 2.0.0 queued as 1"),
    ("r450", "deferred recipient 450 mailbox busy"),
    ("grey", "deferred recipient 451 greylisted, come back later"),
    ("r550", "bounced AddressDead 550 5.1.1 <***>: no such user"),
    ("multi", "bounced AddressDead 550 5.1.1 The account that you tried to reach does not exist"),
    ("full", "bounced Soft 552 5.2.2 mailbox full"),
    ("garbage", "deferred recipient - the server's answer is no SMTP"),
    ("binary", "deferred recipient - the server's answer is no SMTP"),
    ("endless", "deferred recipient - the server's answer is too long"),
    ("twice", "deferred recipient - the server answered twice"),
    ("droprcpt", "deferred recipient - the connection was lost: the server closed it"),
    ("d421", "deferred data 421 shutting down"),
    ("d554", "bounced SenderOrContent 554 5.7.1 not today"),
    ("d250", "deferred data - the answer to DATA is none"),
    ("dropdata", "deferred data - the connection was lost: the server closed it"),
    ("dot451", "deferred dot 451 try again"),
    ("dot421", "deferred dot 421 shutting down"),
    ("dot554", "bounced SenderOrContent 554 5.7.1 looks like spam"),
    ("dot550", "bounced AddressDead 550 5.1.1 no such user after all"),
    ("dropdot", "uncertain the connection was lost: the server closed it"),
    ("half", "uncertain the connection was lost: the server closed it"),
    ("oddot", "uncertain the answer to the mail does not fit"),
    ("ok421", "accepted 250 2.0.0 queued as 1"),
];

#[test]
fn every_fault_ends_in_its_state() {
    let server = FaultServer::start();
    for (behaviour, expected) in FAULTS {
        let mut sender = Sender::new(settings(server.address)).unwrap();
        let outcome = send(&mut sender, &mail(&format!("{behaviour}+alone")));
        assert_eq!(line(&outcome), expected, "{behaviour}");
    }
}

#[test]
fn faults_leave_the_other_recipients_unharmed() {
    let server = FaultServer::start();
    let mut sender = Sender::new(settings(server.address)).unwrap();
    let mut expected_accepted = Vec::new();
    for (number, (behaviour, expected)) in FAULTS.into_iter().enumerate() {
        let outcome = send(&mut sender, &mail(&format!("{behaviour}+{number}")));
        assert_eq!(line(&outcome), expected, "{behaviour}");
        if expected.starts_with("accepted") {
            expected_accepted.push(format!("{behaviour}+{number}@example.com"));
        }
        let outcome = send(&mut sender, &mail(&format!("ok+{number}")));
        assert_eq!(line(&outcome), FAULTS[0].1, "after {behaviour}");
        expected_accepted.push(format!("ok+{number}@example.com"));
    }
    assert_eq!(server.book.accepted(), expected_accepted);
    // A refusal keeps the connection; a new one follows each of those that broke.
    let broken = [
        "garbage", "binary", "endless", "twice", "droprcpt", "d421", "d250", "dropdata", "dot421", "dropdot", "half",
        "oddot", "ok421",
    ];
    assert_eq!(server.book.connections(), 1 + broken.len());
}

#[test]
fn silence_before_the_dot_is_deferred_and_after_it_uncertain() {
    let server = FaultServer::start();
    // Nobody wants to wait for a server that stalls.
    let short = Duration::from_secs(1);
    let mut hasty = settings(server.address);
    hasty.timeouts.command = short;
    let outcome = send(&mut Sender::new(hasty).unwrap(), &mail("stallrcpt"));
    assert_eq!(line(&outcome), "deferred recipient - the server did not answer in time");
    let mut hasty = settings(server.address);
    hasty.timeouts.dot = short;
    let mut sender = Sender::new(hasty).unwrap();
    let outcome = send(&mut sender, &mail("stalldot"));
    assert_eq!(line(&outcome), "uncertain the server did not answer in time");
    assert_eq!(line(&send(&mut sender, &mail("ok+2"))), FAULTS[0].1);
    assert_eq!(server.book.accepted(), ["ok+2@example.com"]);
}

#[test]
fn who_leaves_waits_for_no_answer_but_that_to_the_dot() {
    let server = FaultServer::start();
    let leave = Arc::new(AtomicBool::new(false));
    let mut sender = Sender::new(SmtpSettings { leave: Some(Arc::clone(&leave)), ..settings(server.address) }).unwrap();
    assert_eq!(line(&send(&mut sender, &mail("ok"))), FAULTS[0].1);
    leave.store(true, Ordering::Relaxed);
    // On a kept connection, and on a new one.
    assert_eq!(line(&send(&mut sender, &mail("slow+1"))), "left");
    assert_eq!(line(&send(&mut sender, &mail("slow+2"))), "left");
    leave.store(false, Ordering::Relaxed);
    let raise = || {
        leave.store(true, Ordering::Relaxed);
        Ok::<_, Infallible>(())
    };
    assert_eq!(line(&sender.send(&mail("ok+3"), raise).unwrap()), "left");
    assert_eq!(server.book.accepted(), ["ok@example.com"]);
}

#[test]
fn a_server_that_dribbles_is_not_waited_for_longer() {
    use std::io::Write as _;
    let address = fault_server::listen(|mut stream| {
        loop {
            stream.write_all(b"2")?;
            fault_server::pause(Duration::from_millis(20));
        }
    });
    let mut hasty = settings(address);
    hasty.timeouts.command = Duration::from_millis(500);
    let outcome = send(&mut Sender::new(hasty).unwrap(), &mail("ok"));
    assert_eq!(line(&outcome), "deferred greeting - the server did not answer in time");
}

#[test]
fn a_sender_takes_leave() {
    let server = FaultServer::start();
    let mut sender = Sender::new(settings(server.address)).unwrap();
    assert!(matches!(send(&mut sender, &mail("r550")), Outcome::Bounced { .. }));
    drop(sender);
    server.book.wait_closed(1);
    let commands = server.book.commands();
    let verbs: Vec<&str> = commands.iter().filter_map(|command| command.split(' ').next()).collect();
    assert_eq!(verbs, ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]);
}

#[test]
fn a_sender_moves_to_its_thread() {
    fn moved<T: Send>() {}
    moved::<Sender>();
    moved::<Mail>();
}

#[test]
fn a_greylisted_mail_goes_at_the_second_attempt() {
    let server = FaultServer::start();
    let mut sender = Sender::new(settings(server.address)).unwrap();
    let mail = mail("grey+1");
    assert!(matches!(send(&mut sender, &mail), Outcome::Deferred { .. }));
    assert!(matches!(send(&mut sender, &mail), Outcome::Accepted { .. }));
    assert_eq!(server.book.connections(), 1);
}

#[test]
fn a_drop_within_the_body_is_deferred_even_when_handed() {
    let server = FaultServer::start();
    let mut sender = Sender::new(settings(server.address)).unwrap();
    for (number, behaviour) in ["dropmid", "early"].into_iter().enumerate() {
        let book = server.book.clone();
        // The server has surely closed by the time the dot would go out.
        let outcome = sender.send(&mail(behaviour), || {
            book.wait_closed(number + 1);
            Ok::<_, Infallible>(())
        });
        assert!(
            matches!(
                outcome.unwrap(),
                Outcome::Deferred { phase: Phase::Body, .. } | Outcome::Bounced { class: BounceClass::Soft, .. }
            ),
            "{behaviour}"
        );
    }
    assert!(server.book.received().is_empty());
}

#[test]
fn nothing_is_handed_over_before_the_caller_says_so() {
    let server = FaultServer::start();
    let mut sender = Sender::new(settings(server.address)).unwrap();
    let book = server.book.clone();
    let outcome = sender.send(&mail("ok+1"), || {
        assert_eq!(book.commands().last().map(String::as_str), Some("DATA"));
        assert!(book.received().is_empty());
        Err("the disk is full")
    });
    assert_eq!(outcome, Err("the disk is full"));
    server.book.wait_closed(1);
    assert!(server.book.received().is_empty());
    assert!(matches!(send(&mut sender, &mail("ok+2")), Outcome::Accepted { .. }));
    assert_eq!(server.book.accepted(), ["ok+2@example.com"]);
}

#[test]
fn the_dot_is_not_asked_for_when_the_mail_is_refused() {
    let server = FaultServer::start();
    let mut sender = Sender::new(settings(server.address)).unwrap();
    for behaviour in ["r450", "r550", "d554", "dropdata", "garbage"] {
        let outcome = sender.send(&mail(behaviour), || Err("asked"));
        assert!(outcome.is_ok(), "{behaviour}");
    }
}

#[test]
fn bodies_arrive_byte_for_byte_and_smuggle_nothing() {
    let server = FaultServer::start();
    let mut sender = Sender::new(settings(server.address)).unwrap();
    let large = "0123456789abcdef\n".repeat(20_000);
    let bodies = [
        ".",
        "\n.\n",
        "\r\n.\r\n",
        "\r.\r",
        "\n.\r\nMAIL FROM:<evil@example.com>\r\n",
        "a\n.\nb\r.\rc\r\n.\r\nRCPT TO:<evil@example.com>",
        "..\n...\n.a",
        "\n\n\n",
        "",
        large.as_str(),
    ];
    for body in bodies {
        assert!(matches!(send(&mut sender, &mail_with("ok", body)), Outcome::Accepted { .. }), "{body:?}");
    }
    let received = server.book.received();
    assert_eq!(received.len(), bodies.len());
    for (mail, body) in received.iter().zip(bodies) {
        assert_eq!(mail.data, mail_with("ok", body).bytes(), "{body:?}");
        assert_eq!(mail.sender, "shop@sender.example");
    }
    assert!(!server.book.commands().iter().any(|command| command.contains("evil")));
}

#[test]
fn a_server_that_is_down_defers() {
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut sender = Sender::new(settings(address)).unwrap();
    let outcome = send(&mut sender, &mail("ok"));
    assert!(matches!(outcome, Outcome::Deferred { phase: Phase::Connect, code: None, .. }), "{outcome:?}");
}

#[test]
fn a_server_that_greets_with_a_no_defers_whatever_the_digit() {
    use std::io::Write as _;
    for (greeting, expected) in [
        ("421 busy\r\n", "deferred greeting 421 busy"),
        ("554 no mail here\r\n", "deferred greeting 554 no mail here"),
        ("", "deferred greeting - the connection was lost: the server closed it"),
        ("HTTP/1.1 400 Bad Request\r\n", "deferred greeting - the server's answer is no SMTP"),
    ] {
        let address = fault_server::listen(move |mut stream| stream.write_all(greeting.as_bytes()));
        let mut sender = Sender::new(settings(address)).unwrap();
        assert_eq!(line(&send(&mut sender, &mail("ok"))), expected);
    }
}

fn secret(text: &str) -> Secret {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    SecretReference::File(path).resolve(Path::new("/")).unwrap()
}

#[test]
fn a_wrong_password_defers_and_a_right_one_sends() {
    let server = FaultServer::start();
    for (password, expected) in
        [("right", "accepted 250 2.0.0 queued as 1"), ("wrong", "deferred authenticate 535 wrong password")]
    {
        let mut settings = settings(server.address);
        settings.credentials = Some(Credentials { user: "user".into(), password: secret(password) });
        let mut sender = Sender::new(settings).unwrap();
        assert_eq!(line(&send(&mut sender, &mail("ok"))), expected, "{password}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let address = SocketAddr::from(([127, 0, 0, 1], 25));
    for (host, tls, expected) in [
        ("mail.example.com", TlsMode::None, Some(SmtpError::PlainToElsewhere { host: "mail.example.com".into() })),
        (
            "127.0.0.1.example.com",
            TlsMode::None,
            Some(SmtpError::PlainToElsewhere { host: "127.0.0.1.example.com".into() }),
        ),
        ("10.0.0.1", TlsMode::None, Some(SmtpError::PlainToElsewhere { host: "10.0.0.1".into() })),
        ("mail example", TlsMode::Required, Some(SmtpError::Host { host: "mail example".into() })),
        ("localhost", TlsMode::None, None),
        ("::1", TlsMode::None, None),
    ] {
        let settings = SmtpSettings { host: host.into(), tls, ..settings(address) };
        assert_eq!(settings.judge().err(), expected, "{host}");
    }
    for hello in ["", "a b", "a\r\nMAIL", "é.example"] {
        let settings = SmtpSettings { hello: hello.into(), ..settings(address) };
        assert_eq!(settings.judge(), Err(SmtpError::Hello), "{hello:?}");
    }
}
