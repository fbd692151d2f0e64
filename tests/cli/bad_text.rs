//! Texts, templates, paths and arguments that are wrong: said clearly, with the right exit code.

use crate::{Files, SENTENCE, TEMPLATE, folder, scn};

#[test]
fn texts_that_are_none() {
    let deep = vec![b'('; 10_000_000];
    let shop = folder(&[
        ("latin/a.scn", b"# caf\xe9"),
        ("utf16/a.scn", b"\xff\xfew\x00h\x00"),
        ("blank/a.scn", b""),
        ("remarks/a.scn", b"# nothing yet\n"),
        ("deep/a.scn", &deep),
        ("nothing/notes.txt", b""),
        ("folder.scn/notes.txt", b""),
    ]);
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["check", "latin"], 1, &["S002", "is not UTF-8", "Latin-1"]),
        (&["check", "utf16"], 1, &["S002", "UTF-16"]),
        (&["check", "blank"], 1, &["S005"]),
        (&["check", "remarks"], 1, &["S005"]),
        (&["check", "deep"], 1, &["S003"]),
        (&["test", "deep"], 1, &["S003"]),
        (&["check", "nothing"], 1, &["S006", "no `.scn` file"]),
        (&["check", "no-such-place"], 74, &["cannot read `no-such-place`: no such file"]),
        (&["check", "folder.scn"], 1, &["S006"]),
        (&["simulate", "latin"], 1, &["S002"]),
        (&["run", "--once", "latin"], 1, &["S002"]),
        (&["fmt", "--check", "latin"], 1, &["S002"]),
    ];
    for (arguments, code, said) in cases {
        scn(shop.path(), arguments).expect(*code, said);
    }
}

#[test]
fn what_such_a_file_would_have_declared_is_not_missed() {
    let care =
        "scenario care {\n  when bought where colour is \"red\"\n  for contact.pet is \"cat\"\n  once\n  stop\n}\n";
    let model = "# caf\u{e9}\nevent bought { colour: text }\nextend contact { pet: text? }\n";
    let latin: Vec<u8> = model.chars().map(|letter| letter as u8).collect();
    let shop = folder(&[("care.scn", care.as_bytes()), ("model.scn", &latin), ("scn.toml", b"")]);
    for path in [".", "care.scn"] {
        let ran = scn(shop.path(), &["check", path, "--format", "line"]);
        ran.expect(1, &["model.scn:1:6: error[S002]"]);
        assert!(!ran.out.contains("care.scn"), "{}", ran.out);
    }
}

#[test]
fn a_megabyte_of_parentheses_is_refused_by_its_depth() {
    let shop = folder(&[("a.scn", &[b'('; 900_000])]);
    scn(shop.path(), &["check"]).expect(1, &["error["]);
}

#[test]
fn templates_that_cannot_be_used() {
    let cases: &[(Files<'_>, i32, &[&str])] = &[
        (&[], 1, &["M001", "reminder"]),
        (&[("templates/reminder.sms.txt", b"Hello")], 1, &["M001"]),
        (&[("templates/reminder.email.txt", b"---\nsubject: a\n---\n{{ produkt.name }}")], 1, &["M002", "`product`"]),
        (&[("templates/reminder.email.txt", b"---\nsubject: a\n---\n{{ product.nam }}")], 1, &["M002"]),
        (&[("templates/reminder.email.txt", b"---\nsubject: a\n---\n{{ contact.first_name }}")], 1, &["M003"]),
        (&[("templates/reminder.email.txt", b"---\nsubject: a\n---\n{% if %}")], 1, &["M004"]),
        (&[("templates/reminder.email.txt", b"Hello")], 1, &["M005"]),
        (&[("templates/reminder.email.txt", TEMPLATE.as_bytes())], 0, &[]),
    ];
    for (templates, code, said) in cases {
        let shop = folder(templates);
        std::fs::write(shop.path().join("renewal.scn"), SENTENCE).unwrap();
        scn(shop.path(), &["check"]).expect(*code, said);
    }
}

#[test]
fn arguments_that_are_wrong() {
    let shop = crate::shop(crate::CRM);
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["simulate", "--from", "2021-01-01", "--to", "2020-01-01"], 2, &["`--from` is after `--to`"]),
        (&["simulate", "--from", "yesterday"], 2, &["`yesterday` of `--from` is no instant"]),
        (&["simulate", "--crm", "no.db"], 74, &["no.db"]),
        (&["simulate", "--effects", "no-such-folder/out.csv"], 74, &["cannot write"]),
        (&["simulate", "--format", "xml"], 2, &[]),
        (&["explain", "X999"], 2, &["X999"]),
        (&["completions", "csh"], 2, &[]),
        (&["run", "--once", "--backfill", "yesterday"], 2, &["yesterday"]),
        (&["import", "new.db", "--csv", "no.csv", "--with", "no.sql"], 74, &["no.sql"]),
        (&["init", "."], 2, &["is not empty"]),
    ];
    for (arguments, code, said) in cases {
        scn(shop.path(), arguments).expect(*code, said);
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        scn(shop.path(), &["completions", shell]).expect(0, &["scn"]);
    }
}

#[test]
fn a_configuration_that_is_wrong_stops_every_command() {
    for (text, said) in [
        ("currancy = \"EUR\"", "did you mean `currency`?"),
        ("zone = \"Europe/Pari\"", "Europe/Paris"),
        ("expire = \"soon\"", "expire"),
        ("crm = 3", "a path in quotes"),
        ("[channels.email.server]\nhost = \"h\"\npassword = \"secret\"\nuser = \"u\"", "from"),
    ] {
        let shop = folder(&[("scn.toml", text.as_bytes()), ("renewal.scn", SENTENCE.as_bytes())]);
        for command in ["check", "test", "simulate", "compile"] {
            scn(shop.path(), &[command]).expect(78, &["D010", said]);
        }
    }
}

#[test]
fn a_webhook_that_nobody_named() {
    let shop = folder(&[
        ("scn.toml", b"[webhooks.stock]\nurl = \"https://shop.example/stock\"\n"),
        ("a.scn", b"scenario a { when purchased call stok }"),
    ]);
    scn(shop.path(), &["check"]).expect(1, &["N001", "no webhook is called `stok`", "`stock`"]);
}
