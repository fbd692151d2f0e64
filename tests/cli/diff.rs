//! `scn diff`: what differs between two versions, in every form, and what scripts rely on.

use super::{CRM, Ran, SENTENCE, TEMPLATE, execute, folder, scn};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diff")
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
}

/// Whether a value says all that another one wants of it.
fn says(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| says(found, wanted)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| says(found, wanted))
        }
        _ => found == wanted,
    }
}

/// Each folder of `tests/data/diff` is a case: `old.scn`, `new.scn`, and in `expected.json` what is said of them, and the exit
/// codes under limits.
#[test]
fn what_differs_is_told() {
    let history = fs::read_to_string(data().join("history.sql")).unwrap();
    let shop = folder(&[]);
    let crm = shop.path().join("crm.db");
    execute(&crm, &history);
    let mut cases: Vec<PathBuf> = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    assert!(cases.len() >= 16);
    for case in cases {
        let expected: Value = serde_json::from_str(&fs::read_to_string(case.join("expected.json")).unwrap()).unwrap();
        let texts = |value: &Value| -> Vec<String> {
            value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let run = |more: &[String]| {
            let mut all: Vec<String> = ["diff", "old.scn", "new.scn", "--crm"].map(str::to_owned).to_vec();
            all.push(crm.display().to_string());
            all.extend(texts(&expected["arguments"]));
            all.extend(more.iter().cloned());
            scn(&case, &all.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let ran = run(&["--format".to_owned(), "json".to_owned()]);
        let said = json(&ran);
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        assert!(says(&said, &expected["said"]), "{name}: wanted\n{:#}\nof\n{said:#}", expected["said"]);
        whole(&name, &said);
        for exit in expected["exits"].as_array().unwrap() {
            let ran = run(&texts(&exit["more"]));
            assert_eq!(i64::from(ran.code), exit["exit"].as_i64().unwrap(), "{name} {}: {}", exit["more"], ran.err);
            assert_eq!(ran.err.contains("over the limit: "), ran.code == 1, "{name}: {}", ran.err);
        }
    }
}

/// Nothing is counted twice or not at all.
fn whole(name: &str, said: &Value) {
    if said["same_meaning"] == Value::Bool(true) {
        return;
    }
    let count = |value: &Value| value.as_u64().unwrap();
    let rows = &said["rows"];
    assert_eq!(
        count(&rows["old"]),
        count(&rows["kept"]) + count(&rows["changed"]) + count(&rows["old_alone"]),
        "{name}"
    );
    assert_eq!(
        count(&rows["new"]),
        count(&rows["kept"]) + count(&rows["changed"]) + count(&rows["new_alone"]),
        "{name}"
    );
    let messages = &said["messages"];
    assert_eq!(
        count(&messages["after"]) + count(&messages["lost"]),
        count(&messages["before"]) + count(&messages["gained"]),
        "{name}"
    );
    let causes = &said["causes"];
    let each = causes["each"].as_array().unwrap().iter().map(|cause| &cause["messages"]);
    let all: Vec<&Value> = each.chain([&causes["any_of_several"], &causes["only_together"]]).collect();
    for class in ["lost", "gained", "moved", "otherwise", "other_reason"] {
        assert_eq!(
            all.iter().map(|counts| count(&counts[class])).sum::<u64>(),
            count(&messages[class]),
            "{name} {class}"
        );
    }
}

/// A gate does not open where nobody knows.
#[test]
fn a_limit_is_not_kept_by_what_could_not_be_simulated() {
    let case = |file: &str| fs::read(data().join("one_line").join(file)).unwrap();
    let shop = folder(&[("old.scn", &case("old.scn")), ("new.scn", &case("new.scn"))]);
    execute(&shop.path().join("empty.db"), "CREATE TABLE other(id)");
    let arguments = ["diff", "old.scn", "new.scn", "--crm", "empty.db"];
    scn(shop.path(), &arguments).expect(0, &["not simulated in old.scn: thanks: the CRM has"]);
    let limited = scn(shop.path(), &[&arguments[..], &["--max-lost", "0"]].concat());
    limited.expect(1, &["not every scenario could be simulated"]);
}

#[test]
fn a_cause_of_several_scenarios_is_told_once() {
    let text = |most: u32| {
        let sends =
            ["b", "c", "d"].map(|name| format!("scenario {name} {{ when purchased wait 1 hour send email {name} }}\n"));
        format!("policy {{ at most {most} marketing messages per week }}\n{}", sends.concat())
    };
    let shop = folder(&[("old.scn", text(3).as_bytes()), ("new.scn", text(1).as_bytes())]);
    execute(&shop.path().join("crm.db"), &fs::read_to_string(data().join("history.sql")).unwrap());
    let arguments = ["diff", "old.scn", "new.scn", "--crm", "crm.db", "--to", "2020-12-31"];
    scn(shop.path(), &arguments).expect(0, &["c and d themselves are as they were: the cause is elsewhere: new.scn:1"]);
    scn(shop.path(), &[&arguments[..], &["--format", "github"]].concat())
        .expect(0, &["`c` and `d` themselves are as they were: the cause is elsewhere: `new.scn:1`."]);
}

#[test]
fn a_difference_is_shown_to_people_and_to_pull_requests() {
    let history = fs::read_to_string(data().join("history.sql")).unwrap();
    let case = |name: &str, file: &str| fs::read(data().join(name).join(file)).unwrap();
    let shop = folder(&[("old.scn", &case("cap", "old.scn")), ("new.scn", &case("cap", "new.scn"))]);
    execute(&shop.path().join("crm.db"), &history);
    let arguments = ["diff", "old.scn", "new.scn", "--crm", "crm.db", "--to", "2020-12-31"];
    let human = scn(shop.path(), &arguments);
    human.expect(
        0,
        &[
            "3 messages fewer to 2 persons",
            "because of this line",
            "- old.scn:3  at most 2 marketing messages per week",
            "+ new.scn:3  at most 1 marketing message per week",
            "b itself is as it was: the cause is elsewhere: new.scn:3",
            "busiest day of one person: before 2 messages (contact 1 on 2020-01-10), after 1 message",
            "2020-02",
        ],
    );
    assert!(!human.out.contains("ana@example.com"));
    let github = scn(shop.path(), &[&arguments[..], &["--format", "github", "--max-lost", "1"]].concat());
    github.expect(
        1,
        &[
            "### 3 messages fewer to 2 persons",
            "> **Over the limit**: 3 messages fewer, over",
            "| messages | before | after | fewer | more | moved | otherwise |",
            "| b | 3 | 0 | 3 | 0 | 0 | 0 |",
            "```diff\n- old.scn:3  at most 2 marketing messages per week\n+ new.scn:3",
            "<details><summary>Examples: fewer</summary>",
        ],
    );
    let revealed = [&arguments[..], &["--reveal"]].concat();
    scn(shop.path(), &revealed).expect(0, &["ana@example.com"]);
}

/// Runs git as nobody in particular.
fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]);
    let output = command.current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(shop: &Path, message: &str) {
    git(shop, &["add", "--all"]);
    git(shop, &["commit", "--quiet", "--message", message]);
}

#[test]
fn revisions_of_git_are_versions() {
    let root = folder(&[
        (".gitignore", b"*.db\ntmp\n"),
        ("shop/scn.toml", b"crm = \"crm.db\"\n"),
        ("shop/renewal.scn", SENTENCE.as_bytes()),
        ("shop/templates/reminder.email.txt", TEMPLATE.as_bytes()),
        ("shop/broken/broken.scn", b"scenario broken { when purchased }\n"),
        ("tmp/.keep", b""),
    ]);
    let shop = root.path().join("shop");
    execute(&shop.join("crm.db"), CRM);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", shop.join("link.scn")).unwrap();
    git(root.path(), &["init", "--quiet", "--initial-branch", "main"]);
    commit(root.path(), "with a broken scenario");
    fs::remove_dir_all(shop.join("broken")).unwrap();
    #[cfg(unix)]
    fs::remove_file(shop.join("link.scn")).unwrap();
    commit(root.path(), "mended");
    fs::write(shop.join("renewal.scn"), SENTENCE.replace("1 month", "2 weeks")).unwrap();
    commit(root.path(), "later");
    fs::write(shop.join("renewal.scn"), SENTENCE.replace("1 month", "1 week")).unwrap();

    let temporary = root.path().join("tmp");
    let run = |at: &Path, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
        let output = command.current_dir(at).env("TMPDIR", &temporary).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    };
    let moved = |days: u32| format!("1 message moved, {days} days later in the median");
    // 10 March to 27 March; to 3 April.
    for (at, arguments, said) in [
        (&*shop, &["diff", "HEAD~1", "HEAD"][..], [&moved(17), "HEAD~1:shop/renewal.scn:1", "HEAD:shop/renewal.scn:1"]),
        (&shop, &["diff", "HEAD~1", "."], [&moved(24), "HEAD~1:shop/renewal.scn:1", "+ renewal.scn:1"]),
        (&shop, &["diff", "HEAD~1"], [&moved(24), "HEAD~1:shop/renewal.scn:1", "+ renewal.scn:1"]),
        (&shop, &["diff", "HEAD~1", "renewal.scn"], [&moved(24), "HEAD~1:shop/renewal.scn:1", "+ renewal.scn:1"]),
        (
            root.path(),
            &["diff", "main~1:shop", "main:shop"],
            [&moved(17), "main~1:shop/renewal.scn:1", "main:shop/ren"],
        ),
        (root.path(), &["diff", "HEAD~1", "shop"], [&moved(24), "HEAD~1:shop/renewal.scn:1", "+ shop/renewal.scn:1"]),
    ] {
        run(at, arguments).expect(0, &said);
    }
    run(&shop, &["diff", "HEAD", "HEAD"]).expect(0, &["no difference: `HEAD` and `HEAD` mean the same"]);
    run(&shop, &["diff", "HEAD~2", "HEAD"]).expect(1, &["HEAD~2:shop/broken/broken.scn", "1 error"]);
    run(&shop, &["diff", "nothing", "."]).expect(2, &["`nothing` is no file or folder, and no revision of git"]);
    // A revision alone is of the path on the other side, whatever lies around the folder where the command runs.
    let outside = folder(&[("renewal.scn", SENTENCE.as_bytes())]);
    let outside = outside.path().to_str().unwrap();
    let message = format!("`main` is no file or folder, and `{outside}` is in no repository of git");
    let ran = run(&shop, &["diff", "main", outside]);
    ran.expect(
        2,
        &[&message, "a revision alone is of the path on the other side: `main:./` is of the folder where you are"],
    );
    run(&shop, &["diff", "HEAD:./", outside, "--crm", "crm.db"]).expect(0, &["HEAD:shop/renewal.scn"]);
    run(root.path(), &["diff", "nothing", "shop"]).expect(2, &["and no revision of git in `shop`"]);
    run(&shop, &["diff", "HEAD:../..", "."]).expect(2, &["has no scenario in `../..`"]);
    run(&shop, &["diff", "HEAD:elsewhere", "."]).expect(2, &["revision `HEAD` has no scenario in `elsewhere`"]);
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [".keep"], "nothing is left behind");
}

#[test]
fn a_renamed_file_is_no_difference() {
    let shop = folder(&[("old/renewal.scn", SENTENCE.as_bytes()), ("new/reminders.scn", SENTENCE.as_bytes())]);
    execute(&shop.path().join("crm.db"), CRM);
    let ran = scn(shop.path(), &["diff", "old", "new", "--crm", "crm.db", "--max-changed", "0"]);
    ran.expect(0, &["no message changes", "renewal, now reminders"]);
}

#[test]
fn what_scn_toml_says_and_what_templates_say_are_changes() {
    let text = b"when purchased wait until at 12:00 send email thanks";
    let shop = folder(&[
        ("old/thanks.scn", text),
        ("new/thanks.scn", text),
        ("old/scn.toml", b"currency = \"EUR\"\nzone = \"Europe/Paris\"\n"),
        ("new/scn.toml", b"zone = \"UTC\"\n"),
        ("old/templates/thanks.email.txt", TEMPLATE.as_bytes()),
        ("new/templates/thanks.email.txt", b"---\nsubject: x\n---\nx\n"),
    ]);
    execute(&shop.path().join("crm.db"), CRM);
    let ran = scn(shop.path(), &["diff", "old", "new", "--crm", "crm.db", "--to", "2021-12-31"]);
    ran.expect(
        0,
        &[
            "2 messages moved, 1 hour later in the median",
            "- old/scn.toml:2  zone = Europe/Paris\n  + new/scn.toml:1  zone = UTC",
            "thanks itself is as it was: the cause is elsewhere: new/scn.toml:1",
            "template `templates/thanks.email.txt` differs",
        ],
    );
    fs::write(shop.path().join("new/scn.toml"), "zone = \"Europe/Paris\"\n").unwrap();
    scn(shop.path(), &["diff", "old", "new"]).expect(0, &["mean the same", "template `templates/thanks.email.txt`"]);
}

/// Copies files of the example project.
fn copy(of: &str, to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(of);
    if from.is_dir() {
        for entry in fs::read_dir(&from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&format!("{of}/{}", name.to_str().unwrap()), &to.join(name));
        }
    } else if !of.contains("crm.db") {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&from, to).unwrap();
    }
}

/// What the effects CSV says of each message: its instant where it was sent, else why not; of an instance that ended, nothing.
fn fates(csv: &str) -> BTreeMap<(String, String), Result<i64, String>> {
    let records = csv::Reader::from_reader(csv.as_bytes()).into_records().map(Result::unwrap);
    let fate = |record: csv::StringRecord| {
        let at = chrono::DateTime::parse_from_rfc3339(&record[0]).unwrap().timestamp();
        let fate = match (&record[6], &record[9]) {
            ("send", "sent") => Ok(at),
            ("send", outcome) => Err(format!("{outcome} {}", &record[10])),
            _ => Err(String::new()),
        };
        ((record[1].to_owned(), record[3].to_owned()), fate)
    };
    let all: Vec<_> = records.map(fate).collect();
    let count = all.len();
    let fates: BTreeMap<_, _> = all.into_iter().collect();
    assert_eq!(fates.len(), count, "a trigger has one message");
    fates
}

#[test]
fn the_sample_shop_is_judged_as_its_two_effects_say() {
    let shops = folder(&[]);
    for side in ["old", "new"] {
        copy("renewal", &shops.path().join(side).join("renewal"));
        fs::write(shops.path().join(side).join("scn.toml"), "currency = \"GBP\"\n").unwrap();
    }
    let made = shops.path().join("made");
    copy("sample", &made.join("sample"));
    copy("scn.toml", &made.join("scn.toml"));
    copy("renewal", &made.join("renewal"));
    let file = shops.path().join("new/renewal/renewal.scn");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("1 month", "2 weeks")).unwrap();
    scn(&made, &["simulate", "renewal"]).expect(0, &["built sample/crm.db"]);
    let crm = made.join("sample/crm.db").display().to_string();
    let effects = |side: &str| {
        let out = shops.path().join(format!("{side}.csv"));
        let out_name = out.display().to_string();
        scn(shops.path(), &["simulate", side, "--crm", &crm, "--effects", &out_name]).expect(0, &[]);
        fates(&fs::read_to_string(out).unwrap())
    };
    let (old, new) = (effects("old"), effects("new"));
    let mut counts = [0u64; 4];
    let mut moves = Vec::new();
    let mut persons: [BTreeSet<&str>; 2] = Default::default();
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for key in keys {
        match (old.get(key), new.get(key)) {
            (Some(Ok(before)), Some(Ok(after))) if before != after => {
                counts[2] += 1;
                moves.push(after - before);
            }
            (Some(Ok(_)), Some(Ok(_))) => {}
            (Some(Ok(_)), _) => {
                counts[0] += 1;
                persons[0].insert(&key.0);
            }
            (_, Some(Ok(_))) => {
                counts[1] += 1;
                persons[1].insert(&key.0);
            }
            // That an instance no longer ends makes no message of it.
            (Some(Err(before)), Some(Err(after))) if !before.is_empty() && !after.is_empty() => {
                counts[3] += u64::from(before != after);
            }
            _ => {}
        }
    }
    moves.sort_unstable();
    assert!(counts[2] > 100 && counts[0] > 0, "{counts:?}");
    let said = json(&scn(shops.path(), &["diff", "old", "new", "--crm", &crm, "--format", "json"]));
    let messages = &said["messages"];
    let found = ["lost", "gained", "moved", "other_reason"].map(|class| messages[class].as_u64().unwrap());
    assert_eq!(found, counts);
    assert_eq!(messages["otherwise"], 0);
    assert_eq!(said["moved_seconds"]["median"], moves[(moves.len() - 1) / 2]);
    assert_eq!(said["moved_seconds"]["least"], moves[0]);
    assert_eq!(said["moved_seconds"]["greatest"], moves[moves.len() - 1]);
    assert_eq!(said["persons"]["losing"], persons[0].len());
    assert_eq!(said["persons"]["gaining"], persons[1].len());
    assert_eq!(said["rows"]["old"], old.len());
    assert_eq!(said["rows"]["new"], new.len());
    assert_eq!(said["causes"]["each"][0]["lines"].as_array().unwrap().len(), 1);
    whole("sample", &said);
}
