//! Whatever is done to a CRM, what is told is what it says then.

use crate::{COARSE, Kept, files};
use rusqlite::Connection;
use scn::drivers::simulate::ReadFrom;
use scn::store::cache::{Cold, Settings, remove};
use std::fs::{File, FileTimes};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const TEXT: &str =
    "scenario again { when purchased wait 1 month send email reminder unless purchased where amount > 100 EUR }";

const SQL: &str = "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, email_consent INTEGER);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, amount REAL);
    CREATE INDEX purchased_contact ON purchased(contact);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
    INSERT INTO contact SELECT i, 'c' || i || '@example.com', 1 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
    INSERT INTO purchased SELECT i, 1 + i % 40, datetime('2020-01-01', i || ' days'), i % 7 FROM n;";

fn kept(journal: &str) -> Kept {
    Kept::new(TEXT, &format!("PRAGMA journal_mode = {journal};{SQL}"))
}

/// What somebody does behind the back: gives what must stay open until it was simulated.
type Deed = fn(&Kept) -> Option<Connection>;

/// Changes one row, in a text of the same length.
const UPDATE: &str = "UPDATE purchased SET at = '2019-05-05 05:05:05' WHERE id = 200";

fn sql(kept: &Kept, sql: &str) -> Option<Connection> {
    let connection = kept.connect();
    connection.execute_batch(sql).unwrap();
    Some(connection)
}

const UNCOMMITTED: &str = "a connection that has attached it has written, and not committed";

/// Each with whether the history is another afterwards than it was at first.
const DEEDS: [(&str, bool, Deed); 13] = [
    ("a row is added, and the connection stays open", true, |kept| {
        sql(kept, "INSERT INTO purchased VALUES (1000, 3, '2020-03-03 10:00:00', 500)")
    }),
    ("a row is added, and the connection is closed", true, |kept| {
        sql(kept, "INSERT INTO purchased VALUES (1000, 3, '2020-03-03 10:00:00', 500)");
        None
    }),
    ("a row is changed in its place", true, |kept| sql(kept, UPDATE)),
    ("a row is changed, and the file keeps its instant", true, |kept| {
        let times = times(&kept.crm());
        sql(kept, UPDATE);
        File::options().write(true).open(kept.crm()).unwrap().set_times(times).unwrap();
        None
    }),
    ("a row is changed, and the log is taken over into the file", true, |kept| {
        sql(kept, &format!("{UPDATE}; PRAGMA wal_checkpoint(TRUNCATE)"))
    }),
    ("the log is begun anew", true, |kept| {
        let connection = sql(kept, "PRAGMA wal_checkpoint(RESTART)").unwrap();
        connection.execute_batch(UPDATE).unwrap();
        Some(connection)
    }),
    ("the file is written anew", false, |kept| sql(kept, "VACUUM")),
    ("rows are deleted and the file is written anew", true, |kept| {
        sql(kept, "DELETE FROM purchased WHERE id % 3 = 0; VACUUM");
        None
    }),
    ("another database takes the place, of the same size and instant", true, |kept| {
        settle(kept);
        let other = kept.crm().with_extension("other");
        std::fs::copy(kept.crm(), &other).unwrap();
        Connection::open(&other).unwrap().execute_batch(&format!("PRAGMA journal_mode = DELETE; {UPDATE}")).unwrap();
        File::options().write(true).open(&other).unwrap().set_times(times(&kept.crm())).unwrap();
        std::fs::rename(&other, kept.crm()).unwrap();
        None
    }),
    ("an old copy is put back, with its old instant", false, |kept| {
        settle(kept);
        let (copy, old) = (kept.crm().with_extension("copy"), times(&kept.crm()));
        std::fs::copy(kept.crm(), &copy).unwrap();
        sql(kept, UPDATE);
        settle(kept);
        kept.warm_up();
        std::fs::copy(&copy, kept.crm()).unwrap();
        File::options().write(true).open(kept.crm()).unwrap().set_times(old).unwrap();
        None
    }),
    ("bytes are changed by no database at all, and the file keeps its instant", true, |kept| {
        settle(kept);
        let (mut bytes, old) = (std::fs::read(kept.crm()).unwrap(), times(&kept.crm()));
        let text = b"2020-07-19 00:00:00";
        let place = bytes.windows(text.len()).position(|window| window == text).unwrap();
        bytes[place..place + text.len()].copy_from_slice(b"2019-07-19 00:00:00");
        let mut file = File::options().write(true).open(kept.crm()).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(&bytes).unwrap();
        file.set_times(old).unwrap();
        None
    }),
    (UNCOMMITTED, false, |kept| {
        let connection = Connection::open_in_memory().unwrap();
        let path = kept.crm().display().to_string();
        // So little room that what is not committed goes to the disk.
        connection.execute("ATTACH ?1 AS crm", [path]).unwrap();
        connection.execute_batch("PRAGMA crm.cache_size = 1; PRAGMA crm.cache_spill = 1; BEGIN").unwrap();
        let add = "INSERT INTO crm.purchased SELECT id + 5000, contact, at, 900 FROM crm.purchased";
        // Without a log, what is not committed locks the others out.
        let rows = if journal(kept) == "wal" { "" } else { " LIMIT 1" };
        connection.execute_batch(&format!("{add}{rows}")).unwrap();
        Some(connection)
    }),
    ("a column goes that was read", true, |kept| sql(kept, "ALTER TABLE contact DROP COLUMN email")),
];

fn journal(kept: &Kept) -> String {
    kept.connect().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap()
}

/// Takes the log over into the file, so that it can be copied.
fn settle(kept: &Kept) {
    kept.connect().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

fn times(path: &Path) -> FileTimes {
    FileTimes::new().set_modified(std::fs::metadata(path).unwrap().modified().unwrap())
}

fn nothing_stale(journal: &str) {
    for (what, is_another, deed) in DEEDS {
        let kept = kept(journal);
        kept.warm_up();
        let before = kept.cold();
        let open = deed(&kept);
        let (found, read_from) = kept.asked();
        let wanted = kept.cold();
        assert_eq!(found, wanted, "{journal}: {what}: {read_from:?}");
        assert_eq!(before != wanted, is_another, "{journal}: {what}");
        let may_serve = what == UNCOMMITTED;
        assert!(may_serve || read_from != ReadFrom::Cache, "{journal}: {what}");
        drop(open);
        kept.warm_up();
    }
}

#[test]
fn nothing_is_stale_with_a_rollback_journal() {
    nothing_stale("DELETE");
}

#[test]
fn nothing_is_stale_with_a_write_ahead_log() {
    nothing_stale("WAL");
}

/// Who makes a link to a file changes its inode, and so does who writes and sets the file's instant back: the same is seen of
/// both, and neither is believed. That somebody wrote is not said of the first.
#[test]
fn what_only_touches_the_file_is_named() {
    let touch = |what: &str, crm: &Path| match what {
        "a link" => std::fs::hard_link(crm, crm.with_extension("link")).unwrap(),
        "another mode" => std::fs::set_permissions(crm, std::fs::Permissions::from_mode(0o600)).unwrap(),
        _ => File::options().write(true).open(crm).unwrap().set_times(times(crm)).unwrap(),
    };
    for what in ["a link", "another mode", "its instant, set to what it is"] {
        let kept = kept("DELETE");
        kept.warm_up();
        touch(what, &kept.crm());
        kept.wait();
        assert_eq!(kept.asked(), (kept.cold(), ReadFrom::Kept(Cold::Touched)), "{what}");
        kept.warm_up();
        sql(&kept, UPDATE);
        kept.wait();
        assert_eq!(kept.asked(), (kept.cold(), ReadFrom::Kept(Cold::Changed)), "{what}");
    }
    let kept = kept("WAL");
    kept.warm_up();
    // Whoever only reads changes nothing, however they open it.
    kept.connect().query_row("SELECT count(*) FROM purchased", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(kept.asked(), (kept.cold(), ReadFrom::Cache));
}

/// The counters of the file stay where they are: the log alone tells.
#[test]
fn each_commit_to_a_log_shows() {
    let kept = kept("WAL");
    let other = kept.connect();
    // It stays open: who closes it loses the locks of all connections of this process.
    let mut file = File::open(kept.crm()).unwrap();
    for id in 0..5 {
        kept.warm_up();
        let header = header_of(&mut file);
        other.execute_batch(&format!("UPDATE purchased SET amount = 500 WHERE id = {}", 100 + id)).unwrap();
        assert_eq!(header_of(&mut file), header);
        let (found, read_from) = kept.asked();
        assert!(matches!(read_from, ReadFrom::Kept(Cold::Changed) | ReadFrom::Cold(Cold::Young)), "{read_from:?}");
        assert_eq!(found, kept.cold());
    }
}

fn header_of(file: &mut File) -> [u8; 100] {
    let mut header = [0; 100];
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_exact(&mut header).unwrap();
    header
}

/// What is committed by a process of its own, which lets go of its locks as it ends.
#[test]
fn another_process_writes() {
    for journal in ["DELETE", "WAL"] {
        let kept = kept(journal);
        kept.warm_up();
        let reader = kept.connect();
        reader.execute_batch("BEGIN; SELECT count(*) FROM purchased").unwrap();
        kept.asked();
        let write = || {
            let mut command = std::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "fresh::the_other_process"]).env("SCN_TEST_WRITES", kept.crm());
            command.output().unwrap().status.success()
        };
        // A stamp is taken without losing the locks of this process: whoever reads is safe from writers that have no log.
        assert_eq!(write(), journal == "WAL", "{journal}");
        drop(reader);
        assert_eq!(kept.asked().0, kept.cold());
        assert!(write());
        let (found, read_from) = kept.asked();
        assert_ne!(read_from, ReadFrom::Cache, "{journal}");
        assert_eq!(found, kept.cold());
    }
}

/// Not a test of its own: what [`another_process_writes`] starts.
#[test]
fn the_other_process() {
    let Some(crm) = std::env::var_os("SCN_TEST_WRITES") else { return };
    let connection = Connection::open(crm).unwrap();
    connection.busy_timeout(Duration::from_millis(100)).unwrap();
    connection.execute_batch("UPDATE purchased SET amount = amount + 90, at = at || '.5' WHERE id > 300").unwrap();
}

#[test]
fn a_transaction_under_way_is_not_trusted() {
    let kept = kept("DELETE");
    kept.warm_up();
    let other = kept.connect();
    other.execute_batch(&format!("PRAGMA synchronous = OFF; BEGIN; {UPDATE}")).unwrap();
    assert_eq!(kept.asked().1, ReadFrom::Cold(Cold::Journal));
    other.execute_batch("COMMIT").unwrap();
    assert_ne!(kept.asked().1, ReadFrom::Cache);
    kept.warm_up();
}

#[test]
fn what_changed_just_now_is_not_trusted() {
    let mut kept = kept("DELETE");
    kept.settings = Settings { coarse: Duration::from_secs(3_600), ..kept.settings };
    for _ in 0..2 {
        let (found, read_from) = kept.asked();
        assert_eq!(read_from, ReadFrom::Cold(Cold::Young));
        assert_eq!(found, kept.cold());
        assert!(kept.files().is_empty());
    }
    kept.settings = Settings { coarse: COARSE, ..kept.settings };
    let tomorrow = std::time::SystemTime::now() + Duration::from_secs(86_400);
    let file = File::options().write(true).open(kept.crm()).unwrap();
    file.set_times(FileTimes::new().set_modified(tomorrow)).unwrap();
    kept.wait();
    assert_eq!(kept.asked().1, ReadFrom::Cold(Cold::Young));
}

#[test]
fn views_that_ask_the_clock_are_read_anew() {
    for (view, is_kept) in [
        ("SELECT id, contact, at, amount FROM p WHERE at < datetime('now')", false),
        ("SELECT id, contact, datetime(at, 'LocalTime') AS at, amount FROM p", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < CURRENT_TIMESTAMP", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < datetime ()", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < strftime('%Y')", false),
        ("SELECT id, contact, at, abs(random() % 3) AS amount FROM p", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < datetime(unixepoch('subsec'), 'unixepoch')", false),
        ("SELECT id, contact, datetime(at || '') AS at, amount FROM p", false),
        ("SELECT id, contact, datetime(substr(at, 1, 19)) AS at, amount FROM p", false),
        ("SELECT id, contact, datetime((SELECT at)) AS at, amount FROM p", false),
        ("SELECT p.id, contact, at, amount FROM p, pragma_cache_size AS s WHERE s.cache_size < 0", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < strftime('%Y-%m, %d')", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < strftime(coalesce('%Y', '%m'))", false),
        ("SELECT id, contact, at, abs(random /* a, b */ () % 3) AS amount FROM p", false),
        ("SELECT id, contact, at, abs(random -- it's so\n () % 3) AS amount FROM p", false),
        ("SELECT id, contact, at, abs(\"random\"() % 3) AS amount FROM p", false),
        ("SELECT id, contact, datetime(body ->> '$.at') AS at, amount FROM p, body", false),
        ("SELECT id, contact, datetime(x'6e6f77') AS at, amount FROM p", false),
        ("SELECT id, contact, datetime(CAST(X'6e6f77' AS TEXT)) AS at, amount FROM p", false),
        ("SELECT id, contact, datetime('n' || 'ow') AS at, amount FROM p", false),
        ("SELECT id, contact, datetime(d) AS at, amount FROM (SELECT *, substr(at, 1, 19) AS d FROM p)", false),
        (
            "WITH q(d) AS (SELECT substr(at, 1, 19) FROM p) SELECT id, contact, datetime(d) AS at, amount FROM p, q",
            false,
        ),
        ("SELECT id, contact, at, amount + changes() AS amount FROM p", false),
        ("SELECT id, contact, at, length(sqlite_version()) AS amount FROM p", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < date()", false),
        ("SELECT p.id, contact, datetime(j.value) AS at, amount FROM p, json_each('[\"n\"]') AS j", false),
        ("SELECT p.id, contact, at, amount FROM p, json_each('[1]') AS j", true),
        ("SELECT id, contact, at, amount FROM p WHERE 'n' || 'ow' <> at AND x'6e6f77' <> at", true),
        ("SELECT p.id, p.contact, p.at, sum(q.amount) AS amount FROM p JOIN p AS q USING (id) GROUP BY p.id", true),
        ("SELECT id, contact, datetime(at, '+1 day') AS at, amount FROM p /* not now */ -- or now\n", true),
        ("SELECT id, contact, datetime(at) AS at, amount FROM p WHERE amount > 1 OR 'as of now, (or' <> at", true),
        ("WITH q(d) AS (SELECT max(at) FROM p) SELECT id, contact, datetime(at) AS at, amount FROM p, q", true),
        ("SELECT id, contact, substr(at, 1, 19) AS at, amount FROM p", true),
        ("SELECT id, contact, datetime(at, '+1 day') AS at, amount FROM p", true),
        ("SELECT id, contact, datetime(coalesce(at, '2020-01-01')) AS at, amount FROM p", true),
        ("SELECT id, contact, datetime(CAST(strftime('%s', at) AS INTEGER), 'unixepoch') AS at, amount FROM p", true),
        ("SELECT id, contact, strftime('%Y-%m-%d 10:00:00', at) AS at, amount FROM p", true),
    ] {
        let body = "CREATE TABLE body(body TEXT); INSERT INTO body VALUES ('{\"at\":\"now\"}');";
        let over = format!("{body} ALTER TABLE purchased RENAME TO p; CREATE VIEW inner_one AS {view};");
        let kept = Kept::new(TEXT, &format!("{SQL}{over} CREATE VIEW purchased AS SELECT * FROM inner_one"));
        let (found, read_from) = kept.asked();
        assert!(!found.is_empty());
        let wanted = if is_kept { ReadFrom::Kept(Cold::None) } else { ReadFrom::Cold(Cold::View("inner_one".into())) };
        assert_eq!(read_from, wanted, "{view}");
    }
}

/// Where a column holds the word, a view that takes it for a time is told the present, and nothing in its text shows it.
#[test]
fn a_view_that_a_value_tells_the_present_is_read_anew() {
    let kept_with = |row: &str, view: &str| {
        let over = "ALTER TABLE purchased RENAME TO p; CREATE VIEW inner_one AS SELECT * FROM p;";
        Kept::new(TEXT, &format!("{SQL} {row}; {over} CREATE VIEW purchased AS {view} FROM inner_one"))
    };
    let (dated, plain) = ("SELECT id, contact, datetime(at) AS at, amount", "SELECT id, contact, at, amount");
    let row = |at: &str| format!("INSERT INTO purchased VALUES (1000, 3, '{at}', 5)");
    let cold = || ReadFrom::Cold(Cold::View("purchased".into()));
    assert_eq!(kept_with(&row("now"), dated).asked().1, cold());
    assert_eq!(kept_with(&row("NOW"), dated).asked().1, cold());
    assert_eq!(kept_with("INSERT INTO purchased VALUES (1000, 3, x'6e6f77', 5)", dated).asked().1, cold());
    assert_eq!(
        kept_with("INSERT INTO purchased VALUES (1000, 3, 'now' || char(0) || '5', 5)", dated).asked().1,
        cold()
    );
    assert_eq!(kept_with(&row("nowhere"), dated).asked().1, ReadFrom::Kept(Cold::None));
    assert_eq!(kept_with(&row("2020-03-03"), dated).asked().1, ReadFrom::Kept(Cold::None));
    assert_eq!(kept_with(&row("2020-03-03"), plain).asked().1, ReadFrom::Kept(Cold::None));
    let made = "ALTER TABLE purchased ADD COLUMN made AS (json_extract(amount, '$.at'))";
    let made = format!("{made}; INSERT INTO purchased VALUES (1000, 3, '2020-03-03', '{{\"at\":\"now\"}}')");
    assert_eq!(kept_with(&made, "SELECT id, contact, datetime(made) AS at, amount").asked().1, cold());
    // Where it comes to hold it, the file is another.
    let kept = kept_with(&row("2020-03-03"), dated);
    kept.warm_up();
    sql(&kept, "UPDATE p SET at = 'now' WHERE id = 1000");
    assert_eq!(kept.asked().1, cold());
}

/// The name of the table that holds it may have quotes. What a trigger or a default wrote is in the file, whatever it asked for.
#[test]
fn what_is_kept_in_the_file_is_steady() {
    let row = |name: &str, at: &str| {
        format!(
            "ALTER TABLE purchased RENAME TO {name};
             INSERT INTO {name}(id, contact, at, amount) VALUES (1000, 3, '{at}', 5);
             CREATE VIEW purchased AS SELECT id, contact, datetime(at) AS at, amount FROM {name}"
        )
    };
    for name in ["\"a\"\"b\"", "\"it's\"", "[a b]", "`a``b`"] {
        let kept = |at: &str| Kept::new(TEXT, &format!("{SQL} {}", row(name, at))).asked().1;
        assert_eq!(kept("now"), ReadFrom::Cold(Cold::View("purchased".into())), "{name}");
        assert_eq!(kept("2020-03-03"), ReadFrom::Kept(Cold::None), "{name}");
    }
    let made = "CREATE TABLE log(id, made DEFAULT CURRENT_TIMESTAMP, seen);
        CREATE TRIGGER noted AFTER INSERT ON purchased
        BEGIN INSERT INTO log(id, seen) VALUES (new.id, datetime('now') || random()); END;";
    let view =
        "CREATE VIEW purchased AS SELECT p.id, contact, at, amount FROM p JOIN log USING (id) WHERE made <> seen";
    let rows = "INSERT INTO purchased VALUES (1000, 3, '2020-03-03', 5); ALTER TABLE purchased RENAME TO p;";
    assert_eq!(Kept::new(TEXT, &format!("{SQL} {made} {rows} {view}")).asked().1, ReadFrom::Kept(Cold::None));
}

/// One view puts together what another takes for a time.
#[test]
fn views_that_ask_the_clock_together_are_read_anew() {
    let view = "CREATE TABLE p(id INTEGER PRIMARY KEY, contact INTEGER, body TEXT);
        INSERT INTO p VALUES (1, 3, '{\"at\":\"now\"}'); DROP TABLE purchased;
        CREATE VIEW inner_one AS SELECT id, contact, json_extract(body, '$.at') AS d FROM p;
        CREATE VIEW purchased(id, contact, at, amount) AS SELECT id, contact, datetime(d), 5 FROM inner_one";
    let kept = Kept::new(TEXT, &format!("{SQL} {view}"));
    assert_eq!(kept.asked().1, ReadFrom::Cold(Cold::View("purchased".into())));
}

/// A module may take from anywhere what a virtual table tells.
#[test]
fn virtual_tables_are_read_anew() {
    let virtual_one = "CREATE VIRTUAL TABLE places USING rtree(id, least, most);";
    let view = "ALTER TABLE purchased RENAME TO p;
        CREATE VIEW purchased AS SELECT * FROM p WHERE id NOT IN (SELECT id FROM places)";
    let kept = Kept::new(TEXT, &format!("{SQL} {virtual_one} {view}"));
    assert_eq!(kept.asked().1, ReadFrom::Cold(Cold::Virtual("places".into())));
    // One that nobody reads stands in no way.
    let kept = Kept::new(TEXT, &format!("{SQL} {virtual_one}"));
    assert_eq!(kept.asked().1, ReadFrom::Kept(Cold::None));
}

/// The name of a table may have capitals.
#[test]
fn a_view_is_found_whatever_its_letters() {
    let text = "event Bought { amount: number } scenario a { when Bought send email reminder }";
    let view =
        "CREATE TABLE b(id INTEGER PRIMARY KEY, contact, at, amount); INSERT INTO b VALUES (1, 1, '2020-01-01', 1);
        CREATE VIEW Bought AS SELECT * FROM b WHERE at < datetime('now')";
    let kept = Kept::new(text, &format!("{SQL} {view}"));
    assert_eq!(kept.asked().1, ReadFrom::Cold(Cold::View("bought".into())));
}

#[test]
fn a_copy_is_for_its_owner_alone() {
    let kept = kept("DELETE");
    kept.warm_up();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = kept.files();
    assert_eq!(files.len(), 1);
    assert_eq!((mode(&files[0]), mode(&kept.settings.folder)), (0o600, 0o700));
}

/// One for each CRM and what is read of it; another program that reads the same shares it.
#[test]
fn there_are_not_too_many() {
    let mut kept = kept("DELETE");
    kept.warm_up();
    kept.shop.edit(&TEXT.replace("100", "200"), "Europe/Paris");
    assert_eq!(kept.asked().1, ReadFrom::Cache);
    for zone in ["UTC", "Asia/Tokyo", "America/Lima", "Europe/Rome", "Europe/Madrid", "Asia/Seoul", "Asia/Dubai"] {
        kept.shop.edit(TEXT, zone);
        assert_eq!(kept.asked().1, ReadFrom::Kept(Cold::None), "{zone}");
    }
    assert_eq!(kept.files().len(), 8);
    // The first is used, so that the second is the oldest.
    kept.shop.edit(TEXT, "Europe/Paris");
    assert_eq!(kept.asked().1, ReadFrom::Cache);
    kept.shop.edit(TEXT, "Europe/Oslo");
    assert_eq!(kept.asked().1, ReadFrom::Kept(Cold::None));
    assert_eq!(kept.files().len(), 8);
    kept.shop.edit(TEXT, "Europe/Paris");
    assert_eq!(kept.asked().1, ReadFrom::Cache);
    kept.shop.edit(TEXT, "UTC");
    assert_eq!(kept.asked().1, ReadFrom::Kept(Cold::None));
}

#[test]
fn those_of_one_crm_are_removed_alone() {
    let (one, mut other) = (kept("DELETE"), kept("WAL"));
    other.settings = one.settings.clone();
    one.warm_up();
    other.warm_up();
    // By another name of the same file too.
    let link = one.crm().with_extension("link");
    std::fs::hard_link(one.crm(), &link).unwrap();
    one.warm_up();
    std::fs::write(one.settings.folder.join("dead.scn-history-part"), "half of it").unwrap();
    assert_eq!(one.files().len(), 3);
    assert_eq!(remove(&one.settings.folder, Some(&link)).unwrap(), 2);
    assert_eq!(one.asked().1, ReadFrom::Kept(Cold::None));
    assert_eq!(other.asked().1, ReadFrom::Cache);
    assert_eq!(remove(&one.settings.folder, None).unwrap(), 2);
    assert!(files(&one.settings.folder).is_empty());
    assert_eq!(remove(&one.settings.folder.join("none"), None).unwrap(), 0);
}

#[test]
fn where_nothing_can_be_written_the_crm_is_read() {
    let mut kept = kept("DELETE");
    let file = kept.shop.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    kept.settings = Settings { folder: file, ..kept.settings };
    let (found, read_from) = kept.asked();
    assert!(matches!(read_from, ReadFrom::Cold(Cold::Unwritten(_))), "{read_from:?}");
    assert_eq!(found, kept.cold());
}

#[test]
fn an_erasure_removes_the_history() {
    let kept = Kept::new(
        "event asked_erasure { }
         scenario forget { when asked_erasure erase contact }
         scenario again { when purchased wait 1 month send email reminder }",
        &format!("{SQL} CREATE TABLE asked_erasure(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT);"),
    );
    kept.warm_up();
    assert_eq!(kept.files().len(), 1);
    let start = scn::time::Instant::from_seconds(1_700_000_000);
    let mut run = kept.shop.open(start);
    run.tick(start, &|| false).unwrap();
    assert_eq!(kept.files().len(), 1, "nobody is erased yet");
    kept.shop.sql("INSERT INTO asked_erasure VALUES (1, 7, '2023-11-14 22:13:30')");
    run.tick(scn::time::Instant::from_seconds(1_700_000_020), &|| false).unwrap();
    let contacts: i64 =
        kept.connect().query_row("SELECT count(*) FROM contact WHERE id = 7", [], |row| row.get(0)).unwrap();
    assert_eq!(contacts, 0, "the contact is erased");
    assert!(kept.files().is_empty());
}
