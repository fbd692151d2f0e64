//! The grammar as pages: sections, rules, their words, their form, their examples.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What is written letter by letter, in words.
const TOKENS: &[(&str, &str)] = &[
    ("account_name", "a word that is no keyword: the name of an account"),
    ("date", "`2020-01-10`"),
    ("given_number", "a whole number, such as `17`"),
    ("name", "a word that is no keyword: letters with or without accents, digits and `_`; no digit first"),
    ("no_value", "`empty`"),
    ("number", "`3` or `12.50`"),
    ("split_name", "a word that is no keyword: the name of a split"),
    (
        "test_unit",
        "`second`, `minute`, `hour`, `day`, `week`, `month`, `quarter`, `year`, their plurals, or a currency such as `EUR`",
    ),
    ("text", "`\"any text\"`, on one line; `\\\"` is a quote in it, `\\n` a line feed"),
    ("time", "`09:00` or `09:00:30`"),
    ("word", "any word, a keyword too"),
];

/// The section of what several rules name.
const PARTS: &str = "parts";

/// Words and marks of the language that are rules of the grammar.
const MARKS: &[(&str, &str)] = &[
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
    ("plus", "+"),
    ("minus", "-"),
    ("times", "*"),
    ("over", "/"),
    ("less", "<"),
    ("at_most", "<="),
    ("greater", ">"),
    ("at_least", ">="),
    ("word_messages", "message[s]"),
];

/// A rule that is documented.
pub struct Rule {
    pub name: String,
    /// Lines of text, then lines of an example.
    pub text: Vec<String>,
    pub example: String,
    pub form: String,
    /// The parts that only this rule names, in the order in which they are met.
    pub parts: Vec<Part>,
}

/// A rule without words of its own: its name and its form.
#[derive(Clone)]
pub struct Part {
    pub name: String,
    pub form: String,
}

pub struct Section {
    pub name: String,
    pub rules: Vec<Rule>,
}

/// Reads the documented rules of a grammar, in order.
pub fn sections(grammar: &str) -> Vec<Section> {
    // What stands for a part that cannot be read is no part of the language.
    let grammar: String = (grammar.lines().filter(|line| !line.starts_with("hole = ")))
        .map(|line| line.replace(" | hole", "") + "\n")
        .collect();
    let grammar = grammar.as_str();
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
            sections.last_mut().unwrap().rules.push(Rule { name, text, example, form, parts: Vec::new() });
        }
    }
    sections.retain(|section| !section.rules.is_empty());
    let documented: BTreeSet<String> =
        sections.iter().flat_map(|section| &section.rules).map(|rule| rule.name.clone()).collect();
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for rule in sections.iter_mut().flat_map(|section| &mut section.rules) {
        rule.parts = parts_of(&rule.name, &bodies, &documented);
        rule.parts.iter().for_each(|part| *named.entry(part.name.clone()).or_default() += 1);
    }
    // What several rules name is told once, at the end.
    let mut shared: BTreeMap<String, Part> = BTreeMap::new();
    for rule in sections.iter_mut().flat_map(|section| &mut section.rules) {
        for part in rule.parts.iter().filter(|part| named[&part.name] > 1) {
            shared.insert(part.name.clone(), part.clone());
        }
        rule.parts.retain(|part| named[&part.name] == 1);
    }
    let parts: Vec<Part> = shared.into_values().collect();
    let rule = Rule { name: PARTS.into(), text: Vec::new(), example: String::new(), form: String::new(), parts };
    sections.push(Section { name: PARTS.into(), rules: vec![rule] });
    sections
}

/// The rules that a body names, those of tokens, words and marks aside.
fn references(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_lowercase() || letter == '"') {
        rest = &rest[at..];
        if let Some(text) = rest.strip_prefix('"') {
            rest = text.split_once('"').unwrap().1;
            continue;
        }
        let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(rest.len());
        found.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    let is_part = |name: &String| {
        !name.starts_with("kw_") && !name.starts_with("word_") && !MARKS.iter().any(|(mark, _)| mark == name)
    };
    found.retain(is_part);
    found
}

/// A body without what it only looks ahead for.
fn without_looks(body: &str) -> String {
    let mut out = String::new();
    let mut chars = body.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = chars.next() {
        quoted ^= letter == '"';
        if quoted || !matches!(letter, '!' | '&') {
            out.push(letter);
        } else if chars.peek() == Some(&'(') {
            chars.by_ref().find(|next| *next == ')');
        } else {
            while chars.next_if(|next| next.is_alphanumeric() || *next == '_').is_some() {}
        }
    }
    out
}

/// Every part without words of its own that a rule names, directly or by another such part.
fn parts_of(rule: &str, bodies: &BTreeMap<String, String>, documented: &BTreeSet<String>) -> Vec<Part> {
    let mut open = vec![rule.to_owned()];
    let mut next = 0;
    while let Some(name) = open.get(next).cloned() {
        next += 1;
        for part in references(&without_looks(&bodies[&name])) {
            let is_told = documented.contains(&part) || TOKENS.iter().any(|(token, _)| *token == part);
            if !is_told && !open.contains(&part) {
                assert!(bodies.contains_key(&part), "`{part}`, which `{name}` names, is no rule");
                open.push(part);
            }
        }
    }
    open.into_iter().skip(1).map(|name| Part { form: form(&bodies[&name]), name }).collect()
}

/// A part as forms name it.
fn capital(name: &str) -> String {
    name.to_uppercase().replace('_', " ")
}

/// The words in capitals that stand in forms and are told nowhere on the page.
pub fn untold(sections: &[Section]) -> Vec<String> {
    let rules = || sections.iter().flat_map(|section| &section.rules);
    let mut told: Vec<String> = rules().map(|rule| capital(&rule.name)).collect();
    told.extend(rules().flat_map(|rule| &rule.parts).map(|part| capital(&part.name)));
    told.extend(TOKENS.iter().map(|(token, _)| capital(token)));
    // Longest first, so that a name is not taken for a part of another.
    told.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let forms = rules().flat_map(|rule| rule.parts.iter().map(|part| &part.form).chain([&rule.form]));
    let mut untold = Vec::new();
    for form in forms {
        let left = told.iter().fold(form.clone(), |left, name| left.replace(name.as_str(), ""));
        if left.chars().any(|letter| letter.is_uppercase()) {
            untold.push(form.clone());
        }
    }
    untold
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
                let mark = MARKS.iter().find(|(name, _)| *name == word).map(|(_, mark)| (*mark).to_owned());
                let keyword = word.strip_prefix("kw_").or_else(|| word.strip_prefix("word_")).map(str::to_owned);
                out.push(mark.or(keyword).unwrap_or_else(|| capital(&word)));
            }
            '"' => {
                let text: String = chars.by_ref().take_while(|next| *next != '"').collect();
                last = out.len();
                out.push(text);
            }
            _ => {}
        }
    }
    out.join(" ").replace(" ( | )", "").replace("( ", "(").replace(" )", ")").replace(" ,", ",")
}

/// The page.
pub fn page(sections: &[Section]) -> String {
    let mut page = String::from(
        "# The grammar\n\nWhat can be written where, with an example of each. Generated from `grammar/scn.pest`; every example is checked. \
         Words stand as they are written, parts in\ncapitals; `[...]` may be left out, `...` may come again, `(A | B)` is one of them. A part is a heading of this \
         page, or stands below the form that names it, or among the [parts](#parts) at the end.\nThe [guide](language.md) \
         tells what it means, [the library](library.md) what is declared already.\n",
    );
    for section in sections {
        let mut name = section.name.clone();
        name[..1].make_ascii_uppercase();
        let _ = writeln!(page, "\n## {name}");
        if section.name == PARTS {
            let _ =
                writeln!(page, "\nWhat several of the forms above name.\n\n| part | how it is written |\n|---|---|");
            for (token, words) in TOKENS {
                let _ = writeln!(page, "| {} | {words} |", capital(token));
            }
            let parts = section.rules.iter().flat_map(|rule| &rule.parts);
            let lines: String = parts.map(|part| format!("{}: {}\n", capital(&part.name), part.form)).collect();
            let _ = writeln!(page, "\n```text\n{lines}```");
            continue;
        }
        for rule in &section.rules {
            let _ = writeln!(page, "\n### {}\n", rule.name.replace('_', " "));
            for line in &rule.text {
                let _ = writeln!(page, "{line}");
            }
            let parts: String =
                rule.parts.iter().map(|part| format!("\n{}: {}", capital(&part.name), part.form)).collect();
            let gap = if parts.is_empty() { "" } else { "\n" };
            let _ = writeln!(page, "\n```text\n{}{gap}{parts}\n```", rule.form);
            if !rule.example.is_empty() {
                let _ = writeln!(page, "\n```scn\n{}```", rule.example);
            }
        }
    }
    page
}
