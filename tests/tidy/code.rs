//! Rust files as code alone: comments, texts and tests blanked out, so that what is found in them is an import.

use std::path::{Path, PathBuf};

/// A source file of the library, without its tests.
pub struct SourceFile {
    /// Relative to the repository: `src/cli/mod.rs`.
    pub path: String,
    /// The room: the first name below `src`.
    pub room: String,
    /// The code: comments, texts and inline tests are blanks; line breaks stay.
    pub code: String,
}

/// Every file of `src`, in the order of paths. Those that hold only tests are left out.
pub fn source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for path in files_under(&root.join("src")) {
        let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let is_test = path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")));
        if is_test || !relative.ends_with(".rs") {
            continue;
        }
        let room = relative.split('/').nth(1).unwrap().trim_end_matches(".rs").to_owned();
        let code = without_tests(blanked(&std::fs::read_to_string(&path).unwrap()));
        files.push(SourceFile { path: relative, room, code });
    }
    files
}

/// All files under a folder, in the order of paths. Git's own, what cargo builds and outboxes are left out.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if matches!(name.as_str(), ".git" | "target" | "outbox") {
                continue;
            }
            let list = if path.is_dir() { &mut folders } else { &mut found };
            list.push(path);
        }
    }
    found.sort();
    found
}

/// The names after `crate::`, those of a braced list included.
pub fn imports(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|letter| is_name(letter) || letter == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => names.extend(heads(list)),
            None => names.push(rest.chars().take_while(|letter| is_name(*letter)).collect()),
        }
    }
    names
}

/// The first name of each path of a braced list, from behind its brace.
fn heads(list: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let (mut depth, mut in_head) = (0, true);
    for letter in list.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(String::new());
                in_head = true;
            }
            _ if is_name(letter) && in_head => names.last_mut().unwrap().push(letter),
            _ => in_head &= letter.is_whitespace(),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Whether the code names a library: `name::` as the head of a path, or `use name;`.
pub fn names_library(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].trim_end_matches(' ');
        let after = &code[at + name.len()..];
        let is_head =
            !before.ends_with("::") && !code[..at].chars().next_back().is_some_and(|l| is_name(l) || l == '.');
        is_head && (after.starts_with("::") || before.ends_with("use") && after.starts_with([';', ' ']))
    })
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The code with comments, texts and characters as blanks.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => quoted(rest),
            'r' | 'b' if !out.chars().next_back().is_some_and(is_name) => raw_text(rest),
            '\'' => character(rest),
            _ => 0,
        };
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        out.extend(rest[..length].chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    out
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += text[at..].chars().next().unwrap().len_utf8();
        }
    }
    at
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"..."`, `r#"..."#`, `b"..."` and the like; 0 for anything else.
fn raw_text(text: &str) -> usize {
    let prefix = text.chars().take_while(|letter| matches!(letter, 'r' | 'b')).count();
    let hashes = text[prefix..].chars().take_while(|letter| *letter == '#').count();
    if prefix > 2 || !text[prefix + hashes..].starts_with('"') {
        return 0;
    }
    if !text[..prefix].contains('r') {
        return if hashes == 0 { prefix + quoted(&text[prefix..]) } else { 0 };
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = prefix + hashes + 1;
    text[body..].find(&end).map_or(text.len(), |at| body + at + end.len())
}

/// The length of a character such as `'a'` or `'\n'`; 0 for a lifetime.
fn character(text: &str) -> usize {
    let inside = &text[1..];
    match inside.chars().next() {
        Some('\\') => inside[2..].find('\'').map_or(0, |at| at + 4),
        Some(letter) if inside[letter.len_utf8()..].starts_with('\'') => letter.len_utf8() + 2,
        _ => 0,
    }
}

/// Blanks `#[cfg(test)] mod NAME { ... }`.
fn without_tests(code: String) -> String {
    let mut out = code;
    let mut from = 0;
    while let Some(found) = out[from..].find("#[cfg(") {
        let start = from + found;
        let attribute = start + out[start..].find(']').unwrap_or(0) + 1;
        let is_test = out[start..attribute].split(|l: char| !is_name(l)).any(|word| word == "test");
        let item = out[attribute..].trim_start();
        from = attribute;
        if !is_test || !item.starts_with("mod ") {
            continue;
        }
        let body = out.len() - item.len();
        let (brace, semicolon) = (out[body..].find('{'), out[body..].find(';'));
        if let Some(brace) = brace.filter(|brace| semicolon.is_none_or(|semicolon| *brace < semicolon)) {
            let end = body + brace + block(&out[body + brace..]);
            let blank: String = out[start..end].chars().map(|l| if l == '\n' { '\n' } else { ' ' }).collect();
            out.replace_range(start..end, &blank);
            from = end.min(out.len());
        }
    }
    out
}

/// The length of a block from its opening brace on.
fn block(code: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in code.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_texts_and_tests_are_no_code() {
        let code = "use crate::a; // crate::b\nlet x = \"crate::c \\\" crate::d\"; let y = 'c'; fn f<'a>() {}\n\
                    let z = r#\"crate::e \" crate::f\"#; /* crate::g /* */ crate::h */ use crate::{i::{x, y}, j, k::z};\n\
                    let q = '\\''; #[cfg(test)]\nmod tests { use crate::l; fn f() { crate::m() } }\ncrate::n::o();";
        assert_eq!(imports(&without_tests(blanked(code))), ["a", "i", "j", "k", "n"]);
    }

    #[test]
    fn a_library_is_named_at_the_head_of_a_path() {
        for (code, named) in [
            ("use csv::Reader;", true),
            ("csv::Reader::new()", true),
            ("use csv;", true),
            ("crate::csv::Reader", false),
            ("self.csv::<u8>()", false),
            ("let csv = 1;", false),
            ("mycsv::x()", false),
        ] {
            assert_eq!(names_library(code, "csv"), named, "{code}");
        }
    }
}
