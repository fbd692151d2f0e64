use super::*;
use crate::span::{SourceId, Sources};

const LINES: &str = "first\nsecond\nthird\n";

fn line(number: usize) -> Span {
    let start: usize = LINES.lines().take(number - 1).map(|line| line.len() + 1).sum();
    Span::new(SourceId(0), start, start + LINES.lines().nth(number - 1).unwrap().len())
}

fn silence(comment: &str) -> Result<Vec<Silence>, Box<Diagnostic>> {
    silence::read(comment, Span::new(SourceId(0), 0, comment.len() + 1), line(2))
}

#[test]
fn a_comment_is_a_silence_a_mistake_or_prose() {
    for (comment, rules, wrong, help) in [
        (" a plain comment", vec![], "", ""),
        (" allow everything because I say so", vec![], "", ""),
        (" scn: allow maybe-missing because it is there", vec![Rule::MaybeMissing], "", ""),
        ("scn: allow T004, F006 because of both", vec![Rule::MaybeMissing, Rule::SeveralAtOnce], "", ""),
        (" scn: allow maybe-missing", vec![], "a silence without a reason", "write `# scn: allow RULE because REASON`"),
        (
            " scn: allow maybe-missing because ",
            vec![],
            "a silence without a reason",
            "write `# scn: allow RULE because REASON`",
        ),
        (" scn: hush", vec![], "a comment to `scn` that says nothing", "write `# scn: allow RULE because REASON`"),
        (" scn: allow maybe-mising because x", vec![], "no rule is called `maybe-mising`", "write `maybe-missing`"),
        (
            " scn: allow no-steps because x",
            vec![],
            "`no-steps` is an error, and an error is not silenced",
            "mend what it finds",
        ),
    ] {
        match silence(comment) {
            Ok(silences) => {
                assert_eq!(
                    (silences.iter().map(|each| each.rule).collect::<Vec<_>>(), ""),
                    (rules, wrong),
                    "{comment}"
                );
            }
            Err(found) => {
                assert_eq!(found.message, wrong, "{comment}");
                assert!(found.help.is_some_and(|said| said.starts_with(help)), "{comment}");
            }
        }
    }
}

#[test]
fn the_name_of_a_silence_is_where_it_stands() {
    let text = "# scn: allow several-at-once, T004,  maybe-missing because it is there";
    let mut sources = Sources::default();
    let source = sources.add("a.scn", text);
    let whole = Span::new(source, 0, text.len());
    let read = silence::read(&text[1..], whole, whole).unwrap();
    let named: Vec<&str> = read.iter().map(|silence| sources.text(silence.span)).collect();
    assert_eq!(named, ["several-at-once", "T004", "maybe-missing"]);
}

/// A table: what is found, what is silenced, what is said in `scn.toml`; what is left with which level, and what is silenced.
#[test]
fn findings_are_settled() {
    let on = |rule, number| Diagnostic::new(rule, "found").at(line(number), "");
    let silenced = |rule| Silence { rule, reason: "so".to_owned(), span: line(1), line: line(2) };
    let (warning, note, error) = (Rule::MaybeMissing, Rule::SeveralAtOnce, Rule::NoSteps);
    let no = Vec::<(Rule, Option<Level>)>::new;
    for (found, silences, levels, left, kept_from_counting) in [
        (vec![on(warning, 2)], vec![], no(), vec![(warning, Level::Warning)], 0),
        (vec![on(warning, 2)], vec![silenced(warning)], no(), vec![], 1),
        (vec![on(warning, 2), on(warning, 2)], vec![silenced(warning)], no(), vec![], 2),
        (
            vec![on(warning, 3)],
            vec![silenced(warning)],
            no(),
            vec![(warning, Level::Warning), (Rule::SilenceUnused, Level::Warning)],
            0,
        ),
        (
            vec![on(note, 2)],
            vec![silenced(warning)],
            no(),
            vec![(note, Level::Note), (Rule::SilenceUnused, Level::Warning)],
            0,
        ),
        // Where there is an error, nothing is said of silences.
        (vec![on(error, 3)], vec![silenced(warning)], no(), vec![(error, Level::Error)], 0),
        (vec![on(note, 2)], vec![], vec![(note, Some(Level::Error))], vec![(note, Level::Error)], 0),
        (vec![on(note, 2)], vec![], vec![(note, None)], vec![], 0),
        // What the project counts as an error, no line may let pass.
        (
            vec![on(note, 2), on(note, 2)],
            vec![silenced(note)],
            vec![(note, Some(Level::Error))],
            vec![(note, Level::Error), (note, Level::Error), (Rule::SilenceWrong, Level::Warning)],
            0,
        ),
        // A rule that is off may be silenced as well: the comment has its use wherever the rule is on.
        (vec![on(note, 2)], vec![silenced(note)], vec![(note, None)], vec![], 0),
        (
            vec![],
            vec![silenced(warning)],
            vec![(Rule::SilenceUnused, Some(Level::Note))],
            vec![(Rule::SilenceUnused, Level::Note)],
            0,
        ),
        (vec![], vec![silenced(Rule::DelayMissing)], no(), vec![], 0),
    ] {
        let mut diagnostics = found.clone();
        let mut written = Levels::default();
        for (rule, level) in levels {
            assert!(written.set(rule.info(), level));
        }
        let silenced = settle(&mut diagnostics, &written, &silences, |rule| rule.family() != 'D');
        let rest: Vec<(Rule, Level)> = diagnostics.iter().map(|each| (each.rule, each.level)).collect();
        assert_eq!((rest, silenced.len()), (left, kept_from_counting), "{found:?} {silences:?}");
    }
}

#[test]
fn an_error_is_never_less() {
    let mut levels = Levels::default();
    assert!(!levels.set(Rule::NoSteps.info(), Some(Level::Warning)) && !levels.set(Rule::NoSteps.info(), None));
    // A room may find an error under a rule that is a warning by itself: it stays one.
    assert!(levels.set(Rule::MaybeMissing.info(), None));
    let mut found = vec![Diagnostic { level: Level::Error, ..Diagnostic::new(Rule::MaybeMissing, "found") }];
    settle(&mut found, &levels, &[], |_| true);
    assert_eq!(found[0].level, Level::Error);
}

/// A word, the candidates, the nearest, and whether only that can have been meant.
#[test]
fn a_near_word_is_sure_or_a_guess() {
    for (name, candidates, expected) in [
        ("wher", &["when", "where"][..], Some(("where", false))),
        ("mnth", &["month", "months"], Some(("month", true))),
        ("monhts", &["month", "months"], Some(("months", true))),
        ("monts", &["month", "months"], Some(("month", false))),
        ("whne", &["when", "when"], Some(("when", true))),
        ("on", &["one"], Some(("one", false))),
        ("amount", &["account"], Some(("account", false))),
        ("step_2", &["step_1"], Some(("step_1", false))),
        ("promo_b", &["promo_a"], Some(("promo_a", false))),
        ("onhold", &["on_hold"], Some(("on_hold", true))),
        ("spring_promo", &["spring_promos"], Some(("spring_promos", true))),
        ("tiger", &["purchased"], None),
    ] {
        let near = suggestion(name, candidates.iter().copied()).map(|near| (near.word, near.is_sure));
        assert_eq!(near, expected, "{name}");
    }
}
