//! Slips as authors make them, as data: `tests/slips/slips.txt`.

use super::library::Library;
use scn::span::SourceId;

/// One slip: the lines that its author meant, and those that were written.
pub struct Slip {
    /// The line of its head in the file of slips.
    pub line: usize,
    /// What kind of slip it is: `a forgotten unit`.
    pub kind: String,
    /// Its file below `scenarios`.
    pub file: String,
    meant: Vec<String>,
    written: Vec<String>,
}

/// The slips, in their order. A slip is a paragraph: `= KIND`, `@ FILE`, then the lines meant (`- `) and written (`+ `), and
/// those around them (`  `) where they must be told from others.
pub fn slips() -> Vec<Slip> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/slips/slips.txt")).unwrap();
    let mut slips: Vec<Slip> = Vec::new();
    let (mut kind, mut file) = (String::new(), String::new());
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let mark = line.chars().next();
        let rest = line.get(1..).unwrap_or("").trim().to_owned();
        match mark {
            Some('=') => kind = rest,
            Some('@') => {
                file = rest;
                let (meant, written) = (Vec::new(), Vec::new());
                slips.push(Slip { line: number + 1, kind: kind.clone(), file: file.clone(), meant, written });
            }
            Some(mark @ ('-' | '+' | ' ')) => {
                let slip = slips.last_mut().unwrap();
                if mark != '+' {
                    slip.meant.push(rest.clone());
                }
                if mark != '-' {
                    slip.written.push(rest);
                }
            }
            None => {}
            Some(other) => panic!("slips.txt:{}: `{other}` begins no line", number + 1),
        }
    }
    assert!(!file.is_empty());
    slips
}

impl Slip {
    /// The file, and its text with the slip in it. What was meant stands there once.
    pub fn made(&self, library: &Library) -> (SourceId, String) {
        let files = library.files();
        let found = files.iter().find(|(_, name)| *name == self.file);
        let (source, _) = found.unwrap_or_else(|| panic!("slips.txt:{}: no `{}`", self.line, self.file));
        let lines: Vec<&str> = library.text(*source).lines().collect();
        // Empty lines do not count.
        let said: Vec<usize> = (0..lines.len()).filter(|&line| !lines[line].trim().is_empty()).collect();
        let stands = |lines_meant: &&[usize]| {
            lines_meant.iter().zip(&self.meant).all(|(&line, meant)| lines[line].trim() == meant)
        };
        let places: Vec<&[usize]> = said.windows(self.meant.len()).filter(stands).collect();
        let [place] = places.as_slice() else {
            panic!("slips.txt:{}: what was meant stands {} times in {}", self.line, places.len(), self.file)
        };
        let indented = |(number, line): (usize, &String)| {
            let as_before = lines[place[number.min(place.len() - 1)]];
            let indent = &as_before[..as_before.len() - as_before.trim_start().len()];
            format!("{indent}{line}\n")
        };
        let whole = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let written: String = self.written.iter().enumerate().map(indented).collect();
        let (first, last) = (place[0], place[place.len() - 1]);
        (*source, format!("{}{written}{}", whole(&lines[..first]), whole(&lines[last + 1..])))
    }
}
