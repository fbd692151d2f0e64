//! Each folder of `tests/data/import` is an import: `in.csv`, `map.sql`, and what comes of it.

use super::{ImportError, Progress, Report, Request, import};
use crate::store::ErrorKind;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Case {
    folder: TempDir,
    request: Request,
}

/// An import of these texts into a CRM that does not exist.
fn case(csv: &[u8], sql: &str) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("in.csv"), csv).unwrap();
    std::fs::write(path("map.sql"), sql).unwrap();
    let request = Request {
        crm: path("crm.db"),
        csv: path("in.csv"),
        mappings: vec![path("map.sql")],
        rejects: None,
        rejects_max: None,
    };
    Case { folder, request }
}

impl Case {
    fn run(&self) -> Result<Report, ImportError> {
        import(&self.request, &mut |_| {})
    }

    /// The names of the files in the folder, but for what was given.
    fn left(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "in.csv" && name != "map.sql");
        names.sort();
        names
    }
}

fn rows(path: &Path, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

const COPY: &str =
    "CREATE TABLE contact(id TEXT, name TEXT); INSERT INTO contact SELECT id, name FROM csv ORDER BY line;";

#[test]
fn cells_that_no_comma_separates_are_told() {
    for (csv, called) in [("id;name\n1;ana\n", "semicolons: id name"), ("id\tname\n1\tana\n", "tabs: id name")] {
        let error = case(csv.as_bytes(), COPY).run().unwrap_err().to_string();
        assert!(error.contains(called), "{error}");
    }
}

#[test]
fn each_case_gives_its_report_its_rows_and_its_rejects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 3);
    for path in cases {
        let given = |name: &str| std::fs::read(path.join(name)).unwrap();
        let text = |name: &str| String::from_utf8(given(name)).unwrap();
        let mut case = case(&given("in.csv"), &text("map.sql"));
        case.request.rejects = Some(case.folder.path().join("rejects.csv"));
        let found = match case.run() {
            Ok(report) => {
                let mut lines = vec![format!("{} records, {} rejected", report.records, report.rejected)];
                lines.extend(report.reasons.iter().map(|(reason, count)| format!("{count} {reason}")));
                lines.extend(report.tables.iter().map(|(table, count)| format!("{table}: {count} rows")));
                lines.extend(rows(&case.request.crm, "SELECT id || '|' || quote(name) FROM contact"));
                lines.push("rejects:".into());
                let rejects = std::fs::read(case.folder.path().join("rejects.csv")).unwrap();
                lines.extend(String::from_utf8_lossy(&rejects).lines().map(String::from));
                assert_eq!(case.left(), ["crm.db", "rejects.csv"]);
                lines
            }
            Err(error) => {
                assert_eq!(case.left(), [""; 0], "{}", path.display());
                vec![error.to_string().replace(&case.folder.path().display().to_string(), "FOLDER")]
            }
        };
        let (found, expected) = (found.join("\n"), text("expected.txt"));
        assert_eq!(found, expected.trim_end_matches('\n'), "{}", path.display());
    }
}

#[test]
fn the_first_twenty_rejects_are_shown_and_too_many_undo_everything() {
    let mut csv = "id,name\n".to_owned();
    csv.extend((0..30).map(|number| format!("{number},x\n")));
    let mut case =
        case(csv.as_bytes(), &format!("{COPY} INSERT INTO reject SELECT line, 'no' FROM csv WHERE line > 6"));
    case.request.rejects = Some(case.folder.path().join("rejects.csv"));
    case.request.rejects_max = Some(24);
    let error = case.run().unwrap_err();
    assert_eq!(error.to_string(), "25 records were rejected, more than the 24 allowed");
    let ImportError::TooManyRejects { report, .. } = error else { panic!("{error}") };
    assert_eq!((report.first.len(), report.first[0].line, report.first[19].line), (20, Some(7), Some(26)));
    // What was refused can be looked at, the CRM is not there.
    assert_eq!(case.left(), ["rejects.csv"]);
    case.request.rejects_max = Some(25);
    assert_eq!(case.run().unwrap().rejected, 25);
    assert_eq!(case.left(), ["crm.db", "rejects.csv"]);
}

#[test]
fn a_crm_that_exists_is_filled_further_or_left_as_it_was() {
    let case = case(b"id,name\n1,Ana\n", "INSERT INTO contact SELECT id, name FROM csv");
    let open = || rusqlite::Connection::open(&case.request.crm).unwrap();
    open()
        .execute_batch("CREATE TABLE contact(id TEXT UNIQUE, name TEXT); INSERT INTO contact VALUES ('0', 'Zoe')")
        .unwrap();
    assert_eq!(case.run().unwrap().tables, [("contact".to_owned(), 1)]);
    let all = "SELECT group_concat(name) FROM contact";
    assert_eq!(rows(&case.request.crm, all), ["Zoe,Ana"]);
    let error = case.run().unwrap_err();
    assert!(matches!(&error, ImportError::Mapping { line: 1, .. }), "{error:?}");
    assert_eq!(rows(&case.request.crm, all), ["Zoe,Ana"]);
    let holder = open();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let ImportError::Store(error) = case.run().unwrap_err() else { panic!() };
    assert_eq!(error.kind, ErrorKind::Busy);
}

#[test]
fn gzip_is_known_by_its_bytes_and_progress_ends_at_the_size() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"id,name\n1,Ana\n2,Bo\n").unwrap();
    let packed = packed.finish().unwrap();
    let case = case(&packed, COPY);
    let mut told = Vec::new();
    let report = import(&case.request, &mut |progress| told.push(progress)).unwrap();
    assert_eq!(report.records, 2);
    let size = packed.len() as u64;
    let tail = [Progress::Reading { bytes: size, bytes_total: size }, Progress::Filling];
    assert_eq!(told[told.len() - 2..], tail);
    // A file that ends in the middle is an error, and leaves nothing.
    std::fs::write(&case.request.csv, &packed[..packed.len() - 9]).unwrap();
    std::fs::remove_file(&case.request.crm).unwrap();
    assert!(matches!(case.run(), Err(ImportError::Store(_))));
    assert_eq!(case.left(), [""; 0]);
}

#[test]
fn files_that_are_not_there_are_named() {
    let case = case(b"id\n", "SELECT 1");
    for missing in [&case.request.csv, &case.request.mappings[0]] {
        let kept = std::fs::read(missing).unwrap();
        std::fs::remove_file(missing).unwrap();
        let ImportError::Store(error) = case.run().unwrap_err() else { panic!() };
        assert_eq!((error.kind, &error.file), (ErrorKind::NotFound, &missing.display().to_string()));
        std::fs::write(missing, kept).unwrap();
    }
}

#[test]
fn the_sample_becomes_a_crm() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/sample");
    let folder = tempfile::tempdir().unwrap();
    let request = Request {
        crm: folder.path().join("crm.db"),
        csv: sample.join("purchases.csv.gz"),
        mappings: vec![sample.join("sample.sql")],
        rejects: None,
        rejects_max: None,
    };
    let report = import(&request, &mut |_| {}).unwrap();
    let reasons = [("cancelled or no quantity".to_owned(), 561), ("no price".to_owned(), 1)];
    assert_eq!((report.records, report.reasons.as_slice()), (25_553, reasons.as_slice()));
    let tables = [("contact", 323), ("product", 2_702), ("purchased", 24_991)];
    assert_eq!(report.tables, tables.map(|(name, count)| (name.to_owned(), count)));
    let recurring =
        "SELECT delay || ': ' || count(*) FROM product WHERE recurring = (delay IS NOT NULL) GROUP BY delay";
    assert_eq!(rows(&request.crm, &format!("{recurring} HAVING delay IS NOT NULL")), ["2 months: 322", "3 months: 9"]);
}
