//! The grammar as pages: sections, rules, their words, their form, their examples.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A rule that is documented.
pub struct Rule {
    pub name: String,
    /// Lines of text, then lines of an example.
    pub text: Vec<String>,
    pub example: String,
    pub form: String,
}

pub struct Section {
    pub name: String,
    pub rules: Vec<Rule>,
}

/// Reads the documented rules of a grammar, in order.
pub fn sections(grammar: &str) -> Vec<Section> {
    let bodies = bodies(grammar);
    let mut sections: Vec<Section> = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in grammar.lines() {
        if let Some(name) = line.strip_prefix("// ---- ") {
            sections.push(Section { name: name.trim_end_matches('-').trim().to_owned(), rules: Vec::new() });
        } else if let Some(text) = line.strip_prefix("///") {
            doc.push(text.strip_prefix(' ').unwrap_or(text));
        } else if let Some((name, _)) = line.split_once('=').filter(|_| !doc.is_empty()) {
            let name = name.trim().to_owned();
            let (example, text): (Vec<&str>, Vec<&str>) =
                std::mem::take(&mut doc).into_iter().partition(|line| line.starts_with('|'));
            let example: String =
                example.iter().map(|line| format!("{}\n", line[1..].strip_prefix(' ').unwrap_or(""))).collect();
            let text = text.into_iter().filter(|line| !line.is_empty()).map(str::to_owned).collect();
            let form = form(&bodies[&name]);
            sections.last_mut().unwrap().rules.push(Rule { name, text, example, form });
        }
    }
    sections.retain(|section| !section.rules.is_empty());
    sections
}

/// What stands between the braces of each rule.
fn bodies(grammar: &str) -> BTreeMap<String, String> {
    let mut bodies = BTreeMap::new();
    let code: Vec<&str> = grammar.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let text = code.join("\n");
    for (place, _) in text.match_indices(" = ") {
        let name = text[..place].rsplit('\n').next().unwrap().trim();
        if name.is_empty() || !name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let rest = &text[place + 3..];
        let (open, mut depth, mut quoted) = (rest.find('{').unwrap(), 0, false);
        for (at, letter) in rest.char_indices().skip(open) {
            match letter {
                '"' => quoted = !quoted,
                '{' if !quoted => depth += 1,
                '}' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                bodies.insert(name.to_owned(), rest[open + 1..at].to_owned());
                break;
            }
        }
    }
    bodies
}

/// A rule as a reader writes it: words as they are, parts in capitals, `[...]` for what may be left out, `...` for what may
/// come again.
fn form(body: &str) -> String {
    let marks = [
        ("open_brace", "{"),
        ("close_brace", "}"),
        ("open_paren", "("),
        ("close_paren", ")"),
        ("open_bracket", "["),
        ("close_bracket", "]"),
        ("comma", ","),
        ("colon", ":"),
        ("equals", "="),
        ("dot", "."),
        ("at_sign", "@"),
        ("bar", "|"),
        ("percent_sign", "%"),
        ("question_mark", "?"),
        ("minus", "-"),
    ];
    let mut out: Vec<String> = Vec::new();
    // Where each group began.
    let mut groups: Vec<usize> = Vec::new();
    let mut last = 0;
    let mut chars = body.chars().peekable();
    let mut look = false;
    while let Some(letter) = chars.next() {
        match letter {
            '!' | '&' => look = true,
            '(' => {
                groups.push(out.len());
                out.push(if look { "\u{0}".into() } else { "(".into() });
                look = false;
            }
            ')' => {
                last = groups.pop().unwrap();
                if out[last] == "\u{0}" {
                    out.truncate(last);
                } else {
                    out.push(")".into());
                }
            }
            '|' => out.push("|".into()),
            '?' | '*' | '+' => {
                let group: String = out.drain(last..).collect::<Vec<_>>().join(" ");
                let inner = group.strip_prefix("( ").and_then(|group| group.strip_suffix(" )")).unwrap_or(&group);
                out.push(match letter {
                    '?' => format!("[{inner}]"),
                    '*' => format!("[{inner}]..."),
                    _ => format!("{inner}..."),
                });
            }
            letter if letter.is_alphanumeric() || letter == '_' => {
                let mut word = String::from(letter);
                while let Some(next) = chars.peek().filter(|next| next.is_alphanumeric() || **next == '_') {
                    word.push(*next);
                    chars.next();
                }
                if std::mem::take(&mut look) {
                    continue;
                }
                last = out.len();
                let mark = marks.iter().find(|(name, _)| *name == word).map(|(_, mark)| (*mark).to_owned());
                let keyword = word.strip_prefix("kw_").or_else(|| word.strip_prefix("word_")).map(str::to_owned);
                out.push(mark.or(keyword).unwrap_or_else(|| word.to_uppercase().replace('_', " ")));
            }
            '"' => {
                let text: String = chars.by_ref().take_while(|next| *next != '"').collect();
                last = out.len();
                out.push(text);
            }
            _ => {}
        }
    }
    out.join(" ").replace("( ", "(").replace(" )", ")").replace(" ,", ",")
}

/// The page.
pub fn page(sections: &[Section]) -> String {
    let mut page = String::from(
        "# The grammar\n\nWhat can be written where, with an example of each. Generated from `grammar/scn.pest`; every example is checked. \
         Words stand as they are written, parts in\ncapitals; `[...]` may be left out, `...` may come again. The [guide](language.md) \
         tells what it means, [the library](library.md) what is declared already.\n",
    );
    for section in sections {
        let mut name = section.name.clone();
        name[..1].make_ascii_uppercase();
        let _ = writeln!(page, "\n## {name}");
        for rule in &section.rules {
            let _ = writeln!(page, "\n### {}\n", rule.name.replace('_', " "));
            for line in &rule.text {
                let _ = writeln!(page, "{line}");
            }
            let _ = writeln!(page, "\n```text\n{}\n```", rule.form);
            if !rule.example.is_empty() {
                let _ = writeln!(page, "\n```scn\n{}```", rule.example);
            }
        }
    }
    page
}
