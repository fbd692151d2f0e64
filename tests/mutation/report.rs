//! The tables of `docs/diagnostics/README.md`, and lists for those who mend the checker.

use super::judged::{Judged, Row, Verdict};
use std::fmt::Write as _;
use std::path::Path;

/// Every so many accepted mutants, one is listed.
const LISTED_EVERY: usize = 50;

/// One row for each kind, in the order given, and one for all.
pub fn table(judged: &[Judged], head: &str, kinds: &[String]) -> String {
    let mut text = format!(
        "| {head} | all | refused | near the damage | of these over 12 words wide | accepted, same meaning | accepted, another meaning |\n\
         |---|--:|--:|--:|--:|--:|--:|\n"
    );
    let rows = kinds.iter().map(|kind| (kind.as_str(), Row::of(judged.iter().filter(|each| each.kind == *kind))));
    for (name, row) in rows.chain([("all", Row::of(judged.iter()))]) {
        let share = format!("{}.{} %", row.near_permille() / 10, row.near_permille() % 10);
        let Row { all, refused, near, wide, same, other } = row;
        writeln!(text, "| {name} | {all} | {refused} | {near} ({share}) | {wide} | {same} | {other} |").unwrap();
    }
    text
}

/// Every so many of the accepted, with the lines and how the meaning changed.
pub fn accepted(judged: &[Judged], every: usize) -> String {
    let mut text = "| where | meant | written | what changed |\n|---|---|---|---|\n".to_owned();
    let accepted = judged.iter().filter_map(|each| match &each.verdict {
        Some(Verdict::Accepted { change }) => Some((each, change)),
        _ => None,
    });
    for (each, change) in accepted.step_by(every) {
        let (meant, written) = &each.lines;
        let change = change.as_deref().map_or("nothing".to_owned(), code);
        writeln!(text, "| {} | {} | {} | {change} |", each.name, code(meant), code(written)).unwrap();
    }
    text
}

pub fn listed(judged: &[Judged]) -> String {
    accepted(judged, LISTED_EVERY)
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|").replace('`', "'")) }
}

/// The first findings that are not near the damage: what is left to mend.
pub fn far(judged: &[Judged]) -> String {
    let mut text = String::new();
    for each in judged {
        if let Some(Verdict::Refused { first, near: false, .. }) = &each.verdict {
            let (meant, written) = &each.lines;
            writeln!(text, "{} ({})\n  - {meant}\n  + {written}\n  {first}", each.name, each.kind).unwrap();
        }
    }
    text
}

/// The slowest, and the 99th percentile.
pub fn times(judged: &[Judged]) -> String {
    let mut times: Vec<_> = judged.iter().map(|each| (each.took, each.name.as_str())).collect();
    times.sort();
    let percentile = times[(times.len() * 99).div_ceil(100) - 1].0.as_secs_f64() * 1000.0;
    let (slowest, name) = times.last().copied().unwrap();
    let slowest = slowest.as_secs_f64() * 1000.0;
    format!(
        "{} checks of the whole library: 99 of 100 within {percentile:.1} ms, the slowest {slowest:.1} ms ({name})",
        judged.len()
    )
}

/// Writes a list beside what cargo builds.
pub fn keep(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutation");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
    println!("kept {}", folder.join(name).display());
}

/// Holds a section of the page against what was found, or writes it with `UPDATE=1`.
pub fn document(section: &str, text: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diagnostics/README.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (begin, end) = (format!("<!-- {section} -->\n"), format!("<!-- end of {section} -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("the page has no {section}"));
    let (stands, after) = rest.split_once(&end).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{before}{begin}{text}{end}{after}")).unwrap();
    } else {
        let how = "`UPDATE=1 cargo test --release --test mutation -- --ignored --test-threads 1` writes it";
        assert!(stands == text, "{path} says of the {section}:\n{stands}\nfound:\n{text}\n{how}");
    }
}
