use super::*;
use crate::diagnostic::Rule;
use crate::span::Sources;

const PAGE: &str = include_str!("../../../docs/reference/configuration.md");

fn read(text: &str) -> Result<Settings, Box<Diagnostic>> {
    let (settings, wrong) = Settings::read(text, SourceId(0), Path::new("/shop"));
    match wrong.into_iter().next() {
        Some(first) => Err(Box::new(first)),
        None => Ok(settings),
    }
}

/// The example of the reference.
fn whole_file() -> &'static str {
    PAGE.split("```").nth(1).unwrap().strip_prefix("toml\n").unwrap()
}

#[test]
fn the_example_of_the_reference_is_read_whole() {
    let settings = read(whole_file()).unwrap();
    let email = settings.email.unwrap();
    let server = email.server.unwrap();
    assert_eq!(settings.crm.as_deref(), Some(Path::new("/shop/shop.db")));
    assert_eq!(settings.state.as_deref(), Some(Path::new("/shop/shop.state.db")));
    assert_eq!(settings.outbox, Path::new("/shop/outbox"));
    assert_eq!(settings.cache, CacheSetting::On);
    assert_eq!(settings.meaning.currency.0, "EUR");
    assert_eq!(settings.meaning.zone.name(), "Europe/Paris");
    assert_eq!(settings.meaning.expire, Duration::days(2));
    assert_eq!(email.from, "The shop <hello@shop.example>");
    assert_eq!(email.reply_to.as_deref(), Some("service@shop.example"));
    assert_eq!((server.host.as_str(), server.port, server.tls), ("smtp.shop.example", 587, Tls::Starttls));
    assert_eq!(server.login, Some(("shop".into(), "env:SHOP_SMTP_PASSWORD".into())));
    assert_eq!(server.connections, 4);
    let stock = Webhook {
        url: "https://shop.example/hooks/stock".into(),
        secret: Some("env:SHOP_STOCK_SECRET".into()),
        authority: Some("/shop/authority.pem".into()),
    };
    assert_eq!(settings.webhooks, [("stock".to_owned(), stock)].into());
    let sample = settings.sample.unwrap();
    assert_eq!(
        (sample.csv.as_path(), sample.with.as_slice()),
        (Path::new("/shop/sample.csv.gz"), [PathBuf::from("/shop/sample.sql")].as_slice())
    );
}

#[test]
fn the_reference_lists_the_keys_of_its_example_and_no_other() {
    let table: toml::Table = toml::from_str(whole_file()).unwrap();
    let mut keys = Vec::new();
    let mut open = vec![(String::new(), table)];
    while let Some((before, table)) = open.pop() {
        for (key, value) in table {
            match value {
                toml::Value::Table(inner) => open.push((format!("{before}{key}."), inner)),
                // A webhook has the name that the project gives it.
                _ => keys.push(
                    format!("{before}{key}")
                        .replace("webhooks.stock.", "webhooks.NAME.")
                        .replace("several-at-once", "RULE"),
                ),
            }
        }
    }
    let mut listed: Vec<&str> =
        PAGE.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next()).collect();
    keys.sort();
    listed.sort_unstable();
    assert_eq!(listed, keys);
}

#[test]
fn every_key_of_a_table_is_in_the_reference() {
    // What is known is listed by the parser itself when a key is unknown.
    for (table, before) in [
        ("", ""),
        ("[channels]", "channels."),
        ("[channels.email]", "channels.email."),
        ("[channels.email.server]", "channels.email.server."),
        ("[webhooks.NAME]", "webhooks.NAME."),
        ("[sample]", "sample."),
        ("[check]", "check."),
    ] {
        let text = format!("{table}\nxxxxxxxxxxxxxxxxxxx = 1");
        let (_, wrong) = Settings::read(&text, SourceId(0), Path::new("/shop"));
        let helps: Vec<String> = wrong.into_iter().filter_map(|found| found.help).collect();
        let known = helps.iter().find_map(|help| help.strip_prefix("known here: "));
        let known = known.unwrap_or_else(|| panic!("{table}: {helps:?}"));
        for key in known.split(", ") {
            let listed = PAGE.contains(&format!("| `{before}{key}` |")) || PAGE.contains(&format!("| `{before}{key}."));
            assert!(listed, "`{before}{key}` is not in the reference");
        }
    }
}

#[test]
fn defaults_are_those_of_the_reference() {
    let settings = read("").unwrap();
    assert_eq!(settings, Settings::in_folder(Path::new("/shop")));
    for (tls, port) in [("implicit", 465), ("starttls", 587), ("none", 25)] {
        let text =
            format!("[channels.email]\nfrom = \"a@b.example\"\nserver = {{ host = \"localhost\", tls = \"{tls}\" }}");
        let server = read(&text).unwrap().email.unwrap().server.unwrap();
        assert_eq!((server.port, server.login, server.connections), (port, None, 4));
    }
}

#[test]
fn all_that_is_wrong_is_said_and_the_rest_holds() {
    let text = "currency = \"USD\"\n\
        zone = \"Europe/Pariss\"\n\
        [chek]\n\
        pages = 3\n\
        [check.levels]\n\
        F021 = 3\n\
        F020 = \"fatal\"\n\
        month-in-day = \"off\"\n\
        T020 = \"error\"\n\
        month-in-days = \"off\"\n\
        [channels.email]\n\
        from = 3\n\
        [sample]\n\
        csv = \"sales.csv\"\n\
        with = [\"a.sql\", 3]\n";
    let (settings, wrong) = Settings::read(text, SourceId(0), Path::new("/shop"));
    let told: Vec<&str> = wrong.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "`Europe/Pariss` is not a time zone",
            "unknown key `chek`",
            "expected a text in quotes, found the number `3`",
            "`fatal` is not a level",
            "no rule is called `month-in-day`",
            "`T020` and `month-in-days` are one rule",
            "expected a text in quotes, found the number `3`",
            "expected a path or a list of paths",
        ]
    );
    assert_eq!(settings.meaning.currency.0, "USD");
    assert_eq!((settings.email, settings.sample), (None, None));
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let server =
        |line: &str| format!("[channels.email]\nfrom = \"a@b.example\"\n[channels.email.server]\nhost = \"h\"\n{line}");
    for (text, place, message, help) in [
        ("currancy = \"EUR\"".to_owned(), "currancy", "unknown key `currancy`", "did you mean `currency`?"),
        ("currency = \"euro\"".into(), "\"euro\"", "`euro` is not a currency", "write the three capital letters"),
        (
            "zone = \"Europe/Pariss\"".into(),
            "\"Europe/Pariss\"",
            "`Europe/Pariss` is not a time zone",
            "did you mean `Europe/Paris`?",
        ),
        ("expire = \"2 moons\"".into(), "\"2 moons\"", "`2 moons` is not a duration", "write a number and a unit"),
        ("expire = \"0 days\"".into(), "\"0 days\"", "`expire` is not longer than zero", "write `2 days`"),
        (
            "[check.levels]\nmaybe-mising = \"off\"".into(),
            "maybe-mising",
            "no rule is called `maybe-mising`",
            "did you mean `maybe-missing`?",
        ),
        ("[check.levels]\nT004 = \"of\"".into(), "\"of\"", "`of` is not a level", "write `\"error\"`"),
        (
            "[check.levels]\nno-steps = \"off\"".into(),
            "\"off\"",
            "`no-steps` is an error, and cannot be less",
            "mend what it finds",
        ),
        ("crm = 3".into(), "3", "expected a path in quotes, found the number `3`", "put it in quotes"),
        ("zone = true".into(), "true", "expected a text in quotes, found the flag `true`", "put it in quotes"),
        ("channels = 3".into(), "3", "expected a table, found the number `3`", "write its name in brackets"),
        (
            "crm = shop.db".into(),
            "shop.db",
            "this is not TOML: string values must be quoted, expected literal string",
            "write `key = value`",
        ),
        ("[sample]\ncsv = \"a\"\nwith = 3".into(), "3", "expected a path or a list of paths", "write"),
        ("[webhooks.stock]\n".into(), "[webhooks.stock]", "`url` is missing here", "write `url = "),
        (
            "[channels.email]\nfrom = \"not a mailbox\"".into(),
            "\"not a mailbox\"",
            "the email address has no `@`",
            "write a mailbox",
        ),
        (
            "[channels.email]\nfrom = \"a@b.example\"\nreply_to = \"nobody\"".into(),
            "\"nobody\"",
            "the email address has no `@`",
            "write an address",
        ),
        (
            server("port = \"x\""),
            "\"x\"",
            "expected a whole number from 0 to 65535, found the text \"x\"",
            "write a number without quotes",
        ),
        (
            server("port = 70000"),
            "70000",
            "expected a whole number from 0 to 65535, found the number `70000`",
            "write a number",
        ),
        (
            server("tls = \"none\""),
            "\"h\"",
            "mail to `h` would travel unprotected; `tls = \"none\"` is for `localhost` only",
            "write the name of a server",
        ),
        ("[sample]\ncsv = \"a\"".into(), "[sample]", "`with` is missing here", "write `with = "),
        (server("tls = \"startls\""), "\"startls\"", "unknown value `startls`", "did you mean `starttls`?"),
        (server("user = \"ana\""), "\"ana\"", "`user` without `password`", "write `password = \"env:NAME\"`"),
        (server("connections = 0"), "0", "`connections` is out of range", "write a number from 1 to 100"),
        (
            server("user = \"a\"\npassword = \"canary\""),
            "\"canary\"",
            "a password does not stand in this file",
            "write `env:NAME`",
        ),
        (
            "[webhooks.a]\nurl = \"https://a.example\"\nsecret = \"canary\"".into(),
            "\"canary\"",
            "a secret does not stand in this file",
            "write `env:NAME`",
        ),
        (
            "[webhooks.a]\nurl = \"http://a.example\"".into(),
            "\"http://a.example\"",
            "this is no address of a webhook",
            "write `https://...`",
        ),
        (server("password = 12345"), "12345", "this is no reference to a secret", "write `env:NAME`"),
    ] {
        let mut sources = Sources::default();
        sources.add("scn.toml", text.clone());
        let found = read(&text).unwrap_err();
        assert_eq!(found.rule, Rule::ConfigurationWrong);
        assert_eq!((sources.text(found.span().unwrap()), found.message.as_str()), (place, message), "{text}");
        let said = found.help.clone().unwrap_or_default();
        assert!(said.starts_with(help) && !help.is_empty(), "{text}: {said}");
        assert!(!format!("{found:?}").contains("canary") && !format!("{found:?}").contains("12345"));
    }
}
