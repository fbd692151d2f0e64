use super::*;
use crate::time::Date;
use std::collections::BTreeMap;

/// What would run, or load something, or end an element, if it were not escaped.
const HOSTILE: &str = "</script></style></title><img src=x onerror=alert(1)>\"'&\u{202e}\u{7} <b>`x`</b>";

fn day(day: u32) -> Date {
    Date::new(2011, 3, day).unwrap()
}

/// A page that says one text wherever it can.
fn page(text: &str) -> Page {
    let said = || text.to_owned();
    let part = |what, count| Part { what, count, why: vec![(said(), 1), (said(), count)] };
    let section = |id, body| Section { id, title: said(), lead: vec![said()], body };
    let series = Series { name: said(), counts: vec![(day(1), 3), (day(4), 7)] };
    let table = Table {
        title: said(),
        columns: vec![Column::text(text), Column::number(text), Column::number(text), Column::text(text)],
        rows: vec![
            vec![Cell::text(text), Cell::Count(1_234), Cell::Number(said(), 0.5), Cell::Empty],
            vec![Cell::text(text), Cell::Count(2), Cell::Line(vec![0, 4, 2], said()), Cell::text(text)],
        ],
        notes: vec![said()],
        is_folded: false,
    };
    let mut hours = [[0; 24]; 7];
    hours[2][9] = 40_000;
    hours[6][23] = 1;
    Page {
        title: said(),
        lead: vec![said()],
        figures: vec![(said(), said())],
        facts: vec![(said(), said())],
        notices: vec![Notice { is_warning: true, text: said() }, Notice { is_warning: false, text: said() }],
        sections: vec![
            section(
                "days",
                Body::Days(Days { noun: "message", of: "scenario", first: day(1), last: day(5), series: vec![series] }),
            ),
            section("hours", Body::Heat(Box::new(Heat { title: said(), noun: "message", hours }))),
            section(
                "pressure",
                Body::Histograms(vec![Histogram {
                    title: said(),
                    of: "messages",
                    counted: "persons",
                    counts: BTreeMap::from([(1, 900), (3, 50), (13, 2), (30, 1)]),
                }]),
            ),
            section(
                "funnels",
                Body::Funnels(vec![Funnel {
                    title: said(),
                    about: said(),
                    stages: vec![
                        Stage {
                            name: said(),
                            parts: vec![Part { what: "entered", count: 100, why: Vec::new() }],
                            passed: None,
                        },
                        Stage {
                            name: said(),
                            parts: vec![part("sent", 60), part("suppressed", 40)],
                            passed: Some(Passed { came: 100, waits: 2 }),
                        },
                    ],
                }]),
            ),
            section("tables", Body::Tables(vec![table.clone(), Table { is_folded: true, ..table }])),
        ],
    }
}

/// The names of the elements of a page and of their attributes, in order, without what is in the script and the style.
fn elements(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        // No attribute here holds a `>`, for maud escapes it.
        let (element, after) = after.split_once('>').unwrap();
        let quoted: Vec<&str> = element.split('"').collect();
        assert!(quoted.len() % 2 == 1, "quotes are in pairs: {element}");
        found.push(quoted.iter().step_by(2).copied().collect::<Vec<_>>().join("\"\""));
        rest = after;
        for raw in ["style", "script"] {
            if element.starts_with(raw) {
                rest = rest.split_once(&format!("</{raw}")).unwrap().1;
            }
        }
    }
    found
}

#[test]
fn no_text_becomes_an_element_or_an_attribute() {
    // Three quotes each, so that both are told without code.
    let (harmless, hostile) = (page("```").html(), page(&HOSTILE.replace("`x`", "```")).html());
    let (harmless, hostile) = (elements(&harmless), elements(&hostile));
    assert!(harmless.len() > 300);
    assert_eq!(harmless, hostile);
    assert!(!page(HOSTILE).html().contains('\u{202e}'), "a mark of direction is shown, not obeyed");
    assert!(page("`a` and b").html().contains("<code>a</code> and b"));
}

#[test]
fn nothing_is_asked_of_the_network() {
    let html = page(HOSTILE).html();
    for word in [
        "http://",
        "https://",
        "//cdn",
        "url(",
        "@import",
        "@font-face",
        "<link",
        "<base",
        "<iframe",
        "srcset",
        " style=",
    ] {
        assert!(!html.contains(word), "{word}");
    }
    let addresses: Vec<&str> = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(addresses, ["#content", "#days", "#hours", "#pressure", "#funnels", "#tables"]);
    for function in ["fetch", "XMLHttpRequest", "WebSocket", "import(", "innerHTML", "eval(", "document.write"] {
        assert!(!SCRIPT.contains(function), "{function}");
    }
}

#[test]
fn only_the_pages_own_script_runs() {
    let html = page(HOSTILE).html();
    let policy = html.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'));
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(html.matches(nonce).count(), 4, "twice in the policy, on the style and on the script");
    let other = page("other").html();
    assert!(!other.contains(nonce), "the word is of this page alone");
    // The two files cannot end their elements.
    assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
}

#[test]
fn tables_name_their_columns_and_rows_and_say_what_sorts_them() {
    let html = page("x").html();
    assert!(html.contains(r#"<th class="number" scope="col"><button type="button">x</button></th>"#), "{html}");
    assert!(html.contains(r#"<th scope="row">x</th><td class="number" data-key="1234">1,234</td>"#), "{html}");
    assert!(html.contains(r#"<td class="number" data-key="0.5">x</td>"#));
    assert!(html.contains(r#"<td class="number" data-key="6"><svg class="line" role="img" aria-label="x""#));
}

#[test]
fn bars_are_as_long_as_their_share() {
    let html = page("x").html();
    assert!(html.contains(r#"<rect class="part-1" x="0.00%" width="60.00%" height="100%">"#), "{html}");
    assert!(html.contains(r#"<rect class="part-3" x="60.00%" width="40.00%" height="100%">"#));
    let rows: Vec<&str> =
        html.split("histogram\">").nth(1).unwrap().split("</table>").next().unwrap().split("<tr>").skip(2).collect();
    let named = |row: &&str| row.split("scope=\"row\">").nth(1).unwrap().split("</th>").next().unwrap().to_owned();
    let names: Vec<String> = rows.iter().map(named).collect();
    assert_eq!(names.join(", "), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 to 24, 25 to 30");
    assert!(rows[11 + 1].contains(">2</td>"), "{}", rows[12]);
}

#[test]
fn long_histories_are_drawn_by_week_and_by_month() {
    for (days, bars, first, last) in [
        (5, 5, "2011-03-01", "2011-03-05"),
        (800, 800, "2011-03-01", "2013-05-08"),
        (801, 115, "2011-02-28", "2013-05-06"),
        (8_001, 263, "2011-03", "2033-01"),
    ] {
        let counts = vec![(day(1), 1), (Date(day(1).0 + days - 1), 1)];
        let series = vec![Series { name: "s".into(), counts }];
        let drawn = Days { noun: "message", of: "scenario", first: day(1), last: Date(day(1).0 + days - 1), series };
        let html = drawn.render().0;
        let table = html.split("<details>").nth(1).unwrap();
        let names: Vec<&str> =
            table.split("scope=\"row\">").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
        assert_eq!((names.len(), names[0], *names.last().unwrap()), (bars, first, last), "{days}");
        assert!(html.contains(&format!("viewBox=\"0 0 {bars} 100\"")));
        let total = |row: &&str| row.contains(">1</td>");
        assert_eq!(table.split("<tr>").filter(total).count(), 2, "nothing is lost: {days}");
    }
}

#[test]
fn an_empty_page_is_a_page() {
    let html = Page::default().html();
    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">") && html.ends_with("</html>\n"));
    let none = Days { noun: "message", of: "scenario", first: day(1), last: day(1), series: Vec::new() };
    assert!(none.render().0.contains("at most 0 messages"));
}

/// Colours of the style by their names: light, then dark.
fn colours() -> [BTreeMap<String, [f64; 3]>; 2] {
    let parts: Vec<&str> = STYLE.split(":root {").collect();
    [parts[1], parts[2]].map(|part| {
        let lines = part.split('}').next().unwrap().lines();
        let named = lines.filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
        let channel = |text: &str, place: usize| {
            let value = f64::from(u8::from_str_radix(&text[place..place + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        named.map(|(name, code)| (name.to_owned(), [0, 2, 4].map(|place| channel(code, place)))).collect()
    })
}

/// The ratio of contrast of WCAG 2.2, from 1 to 21.
fn contrast(one: [f64; 3], two: [f64; 3]) -> f64 {
    let light = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    let (one, two) = (light(one), light(two));
    one.max(two) / one.min(two)
}

#[test]
fn texts_and_bars_have_the_contrast_of_wcag() {
    for (scheme, colours) in ["light", "dark"].iter().zip(colours()) {
        let mut pairs: Vec<(String, &str, f64)> = Vec::new();
        for text in ["ink", "quiet", "accent"] {
            pairs.extend(["paper", "sheet"].map(|on| (text.to_owned(), on, 4.5)));
        }
        pairs.push(("warning".into(), "warning-sheet", 4.5));
        pairs.push(("ink".into(), "warning-sheet", 4.5));
        pairs.push(("quiet".into(), "heat-0", 4.5));
        pairs.extend(["heat-1", "heat-2", "heat-3", "heat-4"].map(|on| ("heat-low".to_owned(), on, 4.5)));
        pairs.extend(["heat-5", "heat-6", "heat-7", "heat-8"].map(|on| ("heat-high".to_owned(), on, 4.5)));
        for bar in
            ["area", "entered", "sent", "skipped", "suppressed", "expired", "cancelled", "deferred", "held-out", "goal"]
        {
            pairs.push((bar.to_owned(), "paper", 3.0));
        }
        for (text, on, least) in pairs {
            let ratio = contrast(colours[&text], colours[on]);
            assert!(ratio >= least, "{scheme}: {text} on {on}: {ratio:.2}");
        }
    }
}
