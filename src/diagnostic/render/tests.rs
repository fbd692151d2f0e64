use super::*;
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::{SourceId, Sources, Span};
use serde_json::{Value, json};

const TEXT: &str = "when purchesed product.recurring\nwait 1 mönth send email reminder\n";

fn span(source: SourceId, text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap();
    Span::new(source, start, start + part.len())
}

/// A misspelt name with a repair, a finding in two texts, and one in none.
fn findings() -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let own = sources.add("shop/a b.scn", TEXT);
    let stdlib = sources.add("stdlib/retail.scn", "event purchased {}\n");
    let purchesed = span(own, TEXT, "purchesed");
    let unit = span(own, TEXT, "mönth");
    let diagnostics = vec![
        Diagnostic::new(Rule::UnknownName, "no event is called `purchesed`")
            .at(purchesed, "not declared")
            .at(Span::new(stdlib, 6, 15), "did you mean this?")
            .because("every name has a declaration")
            .help("write `purchased`")
            .fix(purchesed, "purchased"),
        Diagnostic::new(Rule::UnknownUnit, "100% wrong:\nno unit, `mönth`").at(unit, ""),
        Diagnostic::new(Rule::EmptyFolder, "no `.scn` file under `shop`"),
    ];
    (sources, diagnostics)
}

const PLAIN: Style = Style { colour: false, width: 100, pages: None };

#[test]
fn human_draws_the_line_the_reason_and_the_way_out() {
    let (sources, diagnostics) = findings();
    insta::assert_snapshot!(human(&sources, &diagnostics, PLAIN), @r"
    error[N001] unknown-name

      × no event is called `purchesed`
      ╰─▶ every name has a declaration
       ╭─[shop/a b.scn:1:6]
     1 │ when purchesed product.recurring
       ·      ────┬────
       ·          ╰── not declared
     2 │ wait 1 mönth send email reminder
       ╰────
      help: write `purchased`
      ☞ see also `stdlib/retail.scn`
       ╭─[stdlib/retail.scn:1:7]
     1 │ event purchased {}
       ·       ────┬────
       ·           ╰── did you mean this?
       ╰────

    error[N004] unknown-unit

      × 100% wrong:
      │ no unit, `mönth`
       ╭─[shop/a b.scn:2:8]
     1 │ when purchesed product.recurring
     2 │ wait 1 mönth send email reminder
       ·        ─────
       ╰────

    warning[S006] empty-folder

      ⚠ no `.scn` file under `shop`
    ");
}

#[test]
fn human_has_colour_only_when_asked() {
    let (sources, diagnostics) = findings();
    assert!(!human(&sources, &diagnostics, PLAIN).contains('\u{1b}'));
    assert!(human(&sources, &diagnostics, Style { colour: true, ..PLAIN }).contains("\u{1b}["));
}

#[test]
fn human_lets_no_control_character_through() {
    let mut sources = Sources::default();
    let text = "when \u{1b}[31mred\u{1b}[0m \u{202e}tfel \u{85} bare\rreturn\r\nsend email\ta";
    let id = sources.add("evil\u{1b}]0;x\u{7}.scn", text);
    let evil = "\u{1b}[2J and \u{9b}31m";
    let diagnostic =
        Diagnostic::new(Rule::UnexpectedText, evil).at(span(id, text, "red"), evil).because(evil).help(evil);
    let shown = human(&sources, std::slice::from_ref(&diagnostic), PLAIN);
    assert!(!shown.chars().any(|character| character.is_control() && character != '\n'), "{shown:?}");
    assert!(!shown.contains('\u{202e}'), "{shown:?}");
    let shown = github(&sources, &[diagnostic]);
    assert!(!shown.trim_end().chars().any(char::is_control), "{shown:?}");
}

#[test]
fn human_cuts_long_lines_and_survives_spans_that_point_nowhere() {
    let mut sources = Sources::default();
    let text = format!("{}é{}", "(".repeat(1_000_000), ")".repeat(1_000_000));
    let id = sources.add("deep.scn", text);
    let nowhere = Span::new(SourceId(7), 0, 1);
    let shown = human(
        &sources,
        &[
            Diagnostic::new(Rule::TooDeep, "too deep")
                .at(Span::new(id, 1_000_000, 1_000_002), "here")
                .at(Span::new(id, 0, 2_000_002), "all")
                .at(nowhere, "nowhere"),
            Diagnostic::new(Rule::TooDeep, "too deep").at(Span::new(id, 0, 2_000_002), "all"),
            Diagnostic::new(Rule::TooDeep, "too deep").at(Span::new(id, 1_000_001, u32::MAX as usize), "inside"),
            Diagnostic::new(Rule::TooDeep, "too deep").at(nowhere, "nowhere"),
        ],
        PLAIN,
    );
    assert!(shown.len() < 12_000, "{}", shown.len());
    assert!(shown.contains("deep.scn:1:1000001"), "{shown}");
    assert!(!shown.contains("Failed to read"), "{shown}");
}

#[test]
fn human_draws_at_the_end_of_a_text() {
    for text in ["", "a", "a\n", "a\n\n", "a\r\nb\r\n", "\u{feff}", "é"] {
        let mut sources = Sources::default();
        let id = sources.add("a.scn", text);
        for place in 0..=text.len() {
            let diagnostic = Diagnostic::new(Rule::EmptyFile, "nothing").at(Span::new(id, place, place), "here");
            let shown = human(&sources, &[diagnostic], PLAIN);
            assert!(shown.contains("a.scn:") && shown.contains("here"), "{text:?} at {place}: {shown}");
        }
    }
}

#[test]
fn places_agree_with_the_plain_count() {
    let mut sources = Sources::default();
    for length in [0, 1, 1023, 1024, 1025, 2048, 5000] {
        let text: String = "é\nab\u{1f600}c\r\n".chars().cycle().take(length).collect();
        let id = sources.add("a.scn", text.clone());
        let spans: Vec<Span> =
            text.char_indices().map(|(at, _)| at).chain([text.len()]).map(|at| Span::new(id, at, at)).collect();
        let diagnostics: Vec<Diagnostic> =
            spans.iter().map(|span| Diagnostic::new(Rule::UnexpectedText, "").at(*span, "")).collect();
        let places = super::places::Places::new(&sources, &diagnostics);
        for span in spans {
            let place = places.locate(span).unwrap();
            assert_eq!((place.line, place.column), sources.position(span), "{length} {span:?}");
        }
    }
}

#[test]
fn json_is_an_array_of_findings() {
    let (sources, diagnostics) = findings();
    let found: Value = serde_json::from_str(&json(&sources, &diagnostics)).unwrap();
    let place = json!({
        "file": "shop/a b.scn", "line": 1, "column": 6, "end_line": 1, "end_column": 15, "start": 5, "end": 14
    });
    let with = |extra: Value| {
        let mut object = place.as_object().unwrap().clone();
        object.extend(extra.as_object().unwrap().clone());
        Value::Object(object)
    };
    assert_eq!(
        found,
        json!([
            with(json!({
                "code": "N001", "rule": "unknown-name", "level": "error",
                "message": "no event is called `purchesed`",
                "labels": [
                    with(json!({ "text": "not declared" })),
                    { "text": "did you mean this?", "file": "stdlib/retail.scn", "line": 1, "column": 7,
                      "end_line": 1, "end_column": 16, "start": 6, "end": 15 },
                ],
                "reason": "every name has a declaration",
                "help": "write `purchased`",
                "fix": with(json!({ "replacement": "purchased" })),
            })),
            { "code": "N004", "rule": "unknown-unit", "level": "error", "message": "100% wrong:\nno unit, `mönth`",
              "file": "shop/a b.scn", "line": 2, "column": 8, "end_line": 2, "end_column": 13, "start": 40, "end": 46,
              "labels": [{ "text": "", "file": "shop/a b.scn", "line": 2, "column": 8, "end_line": 2, "end_column": 13,
                           "start": 40, "end": 46 }],
              "reason": null, "help": null, "fix": null },
            { "code": "S006", "rule": "empty-folder", "level": "warning", "message": "no `.scn` file under `shop`",
              "file": null, "line": null, "column": null, "end_line": null, "end_column": null, "start": null, "end": null,
              "labels": [], "reason": null, "help": null, "fix": null },
        ])
    );
}

#[test]
fn sarif_is_a_log_with_all_rules() {
    let (sources, diagnostics) = findings();
    let log: Value = serde_json::from_str(&sarif(&sources, &diagnostics, &[], None)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), crate::diagnostic::RULES.len());
    for result in run["results"].as_array().unwrap() {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let first = &run["results"][0];
    let region = json!({
        "startLine": 1, "startColumn": 6, "endLine": 1, "endColumn": 15, "byteOffset": 5, "byteLength": 9
    });
    assert_eq!(first["level"], "error");
    assert_eq!(
        first["message"]["text"],
        "no event is called `purchesed`\nevery name has a declaration\nwrite `purchased`"
    );
    assert_eq!(
        first["locations"],
        json!([{ "message": { "text": "not declared" },
                 "physicalLocation": { "artifactLocation": { "uri": "shop/a%20b.scn" }, "region": region } }])
    );
    assert_eq!(first["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"], "stdlib/retail.scn");
    assert_eq!(
        first["fixes"],
        json!([{ "artifactChanges": [{
            "artifactLocation": { "uri": "shop/a%20b.scn" },
            "replacements": [{ "deletedRegion": region, "insertedContent": { "text": "purchased" } }],
        }] }])
    );
    assert_eq!(run["results"][2]["level"], "warning");
    assert!(run["results"][2].get("locations").is_none());
}

#[test]
fn sarif_names_files_by_uri() {
    for (name, uri) in [("/shop/é.scn", "file:///shop/%C3%A9.scn"), ("a\\b:c%.scn", "a/b%3Ac%25.scn")] {
        let mut sources = Sources::default();
        let id = sources.add(name, "");
        let diagnostic = Diagnostic::new(Rule::EmptyFile, "nothing").at(Span::new(id, 0, 0), "");
        let log: Value = serde_json::from_str(&sarif(&sources, &[diagnostic], &[], None)).unwrap();
        assert_eq!(log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], uri);
    }
}

#[test]
fn github_escapes_its_commands() {
    let (sources, mut diagnostics) = findings();
    diagnostics.push(Diagnostic::new(Rule::SeveralAtOnce, "a: b, c\r\n::error::d"));
    let mut odd = Sources::default();
    let id = odd.add("100%: a,b.scn", "x\ny");
    let across = Diagnostic::new(Rule::UnexpectedText, "odd").at(Span::new(id, 0, 3), "");
    let cases = [
        (
            &sources,
            &diagnostics[0],
            "::error file=shop/a b.scn,line=1,col=6,endLine=1,endColumn=15,title=N001 unknown-name::\
            no event is called `purchesed`%0Aevery name has a declaration%0Awrite `purchased`",
        ),
        (
            &sources,
            &diagnostics[1],
            "::error file=shop/a b.scn,line=2,col=8,endLine=2,endColumn=13,title=N004 unknown-unit::\
            100%25 wrong:%0Ano unit, `mönth`",
        ),
        (&sources, &diagnostics[2], "::warning title=S006 empty-folder::no `.scn` file under `shop`"),
        (&sources, &diagnostics[3], "::notice title=F006 several-at-once::a: b, c%0D%0A::error::d"),
        (&odd, &across, "::error file=100%25%3A a%2Cb.scn,line=1,col=1,endLine=2,title=S001 unexpected-text::odd"),
    ];
    for (sources, diagnostic, line) in cases {
        assert_eq!(github(sources, std::slice::from_ref(diagnostic)), format!("{line}\n"));
    }
}

#[test]
fn the_summary_counts() {
    let (_, diagnostics) = findings();
    let count = Count::of(&diagnostics);
    assert_eq!(count, Count { errors: 2, warnings: 1, notes: 0 });
    assert!(!count.is_clean());
    assert!(Count { notes: 3, ..Count::default() }.is_clean());
    assert_eq!(summary(count, 0, 1), "2 errors, 1 warning in 1 file");
    assert_eq!(summary(Count { errors: 0, warnings: 2, notes: 1 }, 1, 4), "2 warnings, 1 note in 4 files; 1 silenced");
    assert_eq!(summary(Count::default(), 0, 4), "nothing found in 4 files");
}

#[test]
fn a_line_says_where_what_and_the_way_out() {
    let (sources, diagnostics) = findings();
    assert_eq!(
        line(&sources, &diagnostics),
        "shop/a b.scn:1:6: error[N001]: no event is called `purchesed`; write `purchased`\n\
         shop/a b.scn:2:8: error[N004]: 100% wrong: no unit, `mönth`\n\
         warning[S006]: no `.scn` file under `shop`\n"
    );
}

#[test]
fn gitlab_is_told_what_it_needs() {
    let (sources, mut diagnostics) = findings();
    let read = |diagnostics: &[Diagnostic]| -> Vec<Value> {
        serde_json::from_str(&gitlab(&sources, diagnostics, "scn.toml")).unwrap()
    };
    let issues = read(&diagnostics);
    assert_eq!(issues[0]["check_name"], "N001 unknown-name");
    assert_eq!(issues[0]["severity"], "critical");
    assert_eq!(issues[0]["location"], json!({ "path": "shop/a b.scn", "lines": { "begin": 1, "end": 1 } }));
    assert_eq!(issues[2]["location"], json!({ "path": "scn.toml", "lines": { "begin": 1, "end": 1 } }));
    // What is found twice is two issues; what was found before keeps its name.
    diagnostics.push(diagnostics[0].clone());
    let more = read(&diagnostics);
    let names: std::collections::BTreeSet<&str> =
        more.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(names.len(), more.len());
    assert_eq!(issues, more[..3]);
}

#[test]
fn an_issue_keeps_its_name_when_a_line_is_written_above_it() {
    let fingerprint = |text: &str| {
        let mut sources = Sources::default();
        let id = sources.add("a.scn", text);
        let found =
            Diagnostic::new(Rule::UnknownName, "no event is called `purchesed`").at(span(id, text, "purchesed"), "");
        let issues: Vec<Value> = serde_json::from_str(&gitlab(&sources, &[found], "")).unwrap();
        issues[0]["fingerprint"].clone()
    };
    assert_eq!(fingerprint(TEXT), fingerprint(&format!("# above\n{TEXT}")));
}

/// A finding is told from the first column to the last, on a terminal of 40 characters too.
#[test]
fn a_narrow_terminal_wraps_what_is_said() {
    let (sources, diagnostics) = findings();
    for width in [0, 40, 60, 500] {
        let drawn = human(&sources, &diagnostics, Style { width, ..PLAIN });
        let is_text = |line: &&str| !line.contains('│') && !line.contains('─');
        let longest = drawn.lines().filter(is_text).map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= width.clamp(40, 120), "{width}: {longest}\n{drawn}");
        let words: Vec<&str> = drawn.split_whitespace().collect();
        assert!(words.contains(&"`purchased`"), "{drawn}");
    }
}

#[test]
fn a_code_is_a_link_where_the_project_says_where_its_page_is() {
    let (sources, diagnostics) = findings();
    let page = "https://shop.example/rules/unknown-name.md";
    let linked = Style { colour: true, pages: Some("https://shop.example/rules/"), ..PLAIN };
    assert!(human(&sources, &diagnostics, linked).contains(page));
    assert!(!human(&sources, &diagnostics, Style { colour: false, ..linked }).contains(page));
    let log: Value =
        serde_json::from_str(&sarif(&sources, &diagnostics, &[], Some("https://shop.example/rules"))).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["helpUri"] == page));
}
