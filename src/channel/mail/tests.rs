//! The bytes of a mail, judged by a reader that knows nothing of the builder.

use super::*;
use std::collections::BTreeMap;

const DATE: Instant = Instant(1_300_000_000_000_000);

fn settings() -> EmailSettings {
    EmailSettings::parse("The Shop <shop@sender.example>", Some("help@sender.example")).unwrap()
}

fn rendered(subject: &str, text: &str, html: Option<&str>) -> Rendered {
    Rendered { subject: Some(subject.into()), text: text.into(), html: html.map(str::to_owned) }
}

fn build(to_name: Option<&str>, rendered: &Rendered) -> Result<Mail, MailError> {
    let to = EmailAddress::parse("ana@example.com").unwrap();
    let letter = Letter { key: "0a1b2c", scenario: "renewal", to: &to, to_name, date: DATE, rendered };
    Mail::build(&settings(), &letter)
}

/// A mail, read back: unfolded headers by name, and what follows the empty line.
struct Parsed {
    headers: BTreeMap<String, Vec<String>>,
    body: String,
}

fn parse(bytes: &[u8]) -> Parsed {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_ascii() && !text.contains('\0'));
    let without_crlf = text.replace("\r\n", "");
    assert!(!without_crlf.contains(['\r', '\n']), "a bare CR or LF");
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
    assert!(text.ends_with("\r\n"));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n") {
        let (name, value) = line.split_once(": ").unwrap();
        headers.entry(name.to_ascii_lowercase()).or_default().push(value.to_owned());
    }
    Parsed { headers, body: body.to_owned() }
}

impl Parsed {
    fn one(&self, name: &str) -> &str {
        let values = &self.headers[name];
        assert_eq!(values.len(), 1, "{name}");
        &values[0]
    }

    fn names(&self) -> Vec<&str> {
        self.headers.keys().map(String::as_str).collect()
    }
}

const HEADERS: [&str; 11] = [
    "auto-submitted",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "list-id",
    "message-id",
    "mime-version",
    "reply-to",
    "subject",
    "to",
];

#[test]
fn a_mail_has_each_header_once() {
    let mail = build(Some("Ana"), &rendered("Hello", "Hi", None)).unwrap();
    let parsed = parse(mail.bytes());
    assert_eq!(parsed.names(), HEADERS);
    assert_eq!(parsed.one("from"), "\"The Shop\" <shop@sender.example>");
    assert_eq!(parsed.one("to"), "Ana <ana@example.com>");
    assert_eq!(parsed.one("reply-to"), "help@sender.example");
    assert_eq!(parsed.one("subject"), "Hello");
    assert_eq!(parsed.one("message-id"), "<0a1b2c@sender.example>");
    assert_eq!(parsed.one("message-id"), mail.message_id());
    assert_eq!(parsed.one("date"), "Sun, 13 Mar 2011 07:06:40 +0000");
    assert_eq!(parsed.one("auto-submitted"), "auto-generated");
    assert_eq!(parsed.one("list-id"), "<renewal.sender.example>");
    assert_eq!(parsed.one("mime-version"), "1.0");
    assert_eq!(parsed.one("content-type"), "text/plain; charset=utf-8");
    assert_eq!(parsed.body, "Hi\r\n");
}

#[test]
fn text_comes_first_and_html_last() {
    let mail = build(None, &rendered("Hello", "the text", Some("<p>the html</p>"))).unwrap();
    let parsed = parse(mail.bytes());
    assert_eq!(parsed.one("content-type"), "multipart/alternative; boundary=\"scn-0a1b2c\"");
    let parts: Vec<&str> = parsed.body.split("--scn-0a1b2c").collect();
    assert_eq!(parts.len(), 4);
    assert!(parts[1].contains("text/plain") && parts[1].contains("the text"));
    assert!(parts[2].contains("text/html") && parts[2].contains("<p>the html</p>"));
    assert_eq!(parts[3], "--\r\n");
}

#[test]
fn a_retry_is_the_same_mail() {
    let rendered = rendered("Été", "é", Some("<p>é</p>"));
    assert_eq!(build(Some("Ana"), &rendered).unwrap(), build(Some("Ana"), &rendered).unwrap());
}

#[test]
fn names_inject_no_header() {
    let plain = parse(build(Some("Bob"), &rendered("Hello", "Hi", None)).unwrap().bytes()).names().len();
    for name in [
        "Bob\r\nBcc: victim@example.com",
        "Bob\nBcc: victim@example.com",
        "Bob\rBcc: victim@example.com",
        "Bob\0",
        "Bob\r\n\r\nbody",
        "\r\n",
        "",
        "=?utf-8?q?Bob=0D=0ABcc:_victim@example.com?=",
        "Bob\" <victim@example.com>, \"",
        "Bob <victim@example.com>,",
        "Bob\\",
        "Bob\u{2028}Bcc: victim@example.com",
        "Bob\u{85}Bcc: victim@example.com",
        "\u{202e}boB",
        "Zoë 😀",
        &"x".repeat(10_000),
        &"é".repeat(10_000),
    ] {
        let mail = build(Some(name), &rendered("Hello", "Hi", None)).unwrap();
        let parsed = parse(mail.bytes());
        assert_eq!(parsed.names().len(), plain, "{name:?}");
        assert!(!parsed.headers.contains_key("bcc"));
        let to = parsed.one("to");
        assert!(to.ends_with("<ana@example.com>") || to == "ana@example.com", "{to}");
        assert_eq!(mail.recipient().as_text(), "ana@example.com");
        // Outside quotes there is one mailbox.
        let mut quoted = false;
        let mut escaped = false;
        let outside: String = to
            .chars()
            .filter(|letter| {
                match (escaped, letter) {
                    (true, _) => escaped = false,
                    (false, '\\') => escaped = true,
                    (false, '"') => quoted = !quoted,
                    _ => return !quoted,
                }
                false
            })
            .collect();
        assert_eq!(outside.matches('@').count(), 1, "{to}");
    }
}

#[test]
fn subjects_inject_no_header() {
    for subject in ["a\r\nBcc: v@example.com", "a\nb", "a\rb", "a\0b", "a\u{85}b"] {
        assert_eq!(build(None, &rendered(subject, "Hi", None)), Err(MailError::Malformed), "{subject:?}");
    }
    for subject in ["Été à la plage", "=?utf-8?q?a=0D=0ABcc:_v@example.com?=", "日本語".repeat(70).as_str(), "a: b; c"]
    {
        let parsed = parse(build(None, &rendered(subject, "Hi", None)).unwrap().bytes());
        assert_eq!(parsed.names(), HEADERS, "{subject:?}");
    }
    let long = "x".repeat(2000);
    assert_eq!(build(None, &rendered(&long, "Hi", None)), Err(MailError::Malformed));
}

#[test]
fn bodies_have_lines_that_smtp_carries() {
    for body in [
        "a\r\nb\nc\rd",
        "\n.\n",
        "\r.\r",
        "\n.\r\nMAIL FROM:<x@example.com>",
        "été",
        "\u{1b}[31m\u{7}\u{b}",
        &"x".repeat(5000),
        &"é".repeat(5000),
        &"a b ".repeat(5000),
        "trailing space \nand tab\t\n",
        "",
    ] {
        parse(build(None, &rendered("Hello", body, None)).unwrap().bytes());
        parse(build(None, &rendered("Hello", body, Some(body))).unwrap().bytes());
    }
    assert_eq!(build(None, &rendered("Hello", "a\0b", None)), Err(MailError::Nul));
    assert_eq!(build(None, &rendered("Hello", "a", Some("\0"))), Err(MailError::Nul));
}

#[test]
fn letters_that_are_no_mail() {
    let rendered = rendered("Hello", "Hi", None);
    let to = EmailAddress::parse("ana@example.com").unwrap();
    let letter = Letter { key: "k", scenario: "s", to: &to, to_name: None, date: DATE, rendered: &rendered };
    let long = "k".repeat(129);
    for key in ["", "a b", "a@b", "a>", "a\r\n", "../a", long.as_str()] {
        assert_eq!(Mail::build(&settings(), &Letter { key, ..letter }), Err(MailError::Key), "{key:?}");
    }
    for date in [Instant::MIN, Instant(-1), Instant::MAX] {
        assert_eq!(Mail::build(&settings(), &Letter { date, ..letter }), Err(MailError::Date));
    }
    let without = Rendered { subject: None, ..rendered.clone() };
    assert_eq!(Mail::build(&settings(), &Letter { rendered: &without, ..letter }), Err(MailError::NoSubject));
    let odd = Mail::build(&settings(), &Letter { scenario: "é\r\n>x", ..letter }).unwrap();
    assert_eq!(parse(odd.bytes()).one("list-id"), "<----x.sender.example>");
    assert!(!format!("{odd:?}").contains("ana"));
}

#[test]
fn an_internationalised_domain_is_written_in_ascii() {
    let rendered = rendered("Hello", "Hi", None);
    let to = EmailAddress::parse("ana@bücher.example").unwrap();
    let letter = Letter { key: "k", scenario: "s", to: &to, to_name: None, date: DATE, rendered: &rendered };
    let mail = Mail::build(&settings(), &letter).unwrap();
    assert_eq!(parse(mail.bytes()).one("to"), "ana@xn--bcher-kva.example");
}

#[test]
fn settings_are_read_with_and_without_a_name() {
    for (text, name, address) in [
        ("shop@sender.example", None, "shop@sender.example"),
        ("Shop <shop@sender.example>", Some("Shop"), "shop@sender.example"),
        ("\"The, Shop\" <shop@sender.example>", Some("The, Shop"), "shop@sender.example"),
        ("<shop@sender.example>", None, "shop@sender.example"),
    ] {
        let settings = EmailSettings::parse(text, None).unwrap();
        assert_eq!((settings.from_name.as_deref(), settings.from.as_text()), (name, address), "{text}");
    }
    for text in ["", "Shop", "Shop <shop>", "Shop shop@sender.example"] {
        assert!(EmailSettings::parse(text, None).is_err(), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_name_and_any_text_make_a_mail(name in "\\PC{0,40}|[\\r\\n\\x00-\\x7f]{0,40}", text in "(?s).{0,400}") {
        let text = text.replace('\0', "");
        let subject = clean_name(&text).unwrap_or("x".into());
        let mail = build(Some(&name), &rendered(&subject, &text, Some(&text))).unwrap();
        let parsed = parse(mail.bytes());
        proptest::prop_assert_eq!(parsed.names().len(), HEADERS.len() - 1);
        proptest::prop_assert!(parsed.body.ends_with("--scn-0a1b2c--\r\n"));
    }
}
