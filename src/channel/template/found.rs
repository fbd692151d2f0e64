//! Template files: where they are looked for, how they are named, what is refused unread.

use super::{Broken, LoadError};
use crate::model::CHANNELS;
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// No template is larger, in bytes.
const SIZE_MAX: u64 = 512 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extension {
    Html,
    Txt,
}

/// `reminder.email.fr.html`, in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileName {
    pub message: String,
    pub channel: String,
    pub language: Option<String>,
    pub extension: Extension,
}

/// A template file, read.
#[derive(Clone, Debug)]
pub(super) struct FoundFile {
    pub name: FileName,
    /// The scenario folder beside whose `templates/` it lies; `None` for the project's own.
    pub beside: Option<String>,
    /// As shown to the user.
    pub path: String,
    pub text: Result<String, Broken>,
}

/// The files of one `templates/` folder, sorted by name; none when there is no such folder.
///
/// # Errors
///
/// The folder cannot be listed, or leads out of the one that holds it.
pub(super) fn files(root: &Path, beside: Option<&str>) -> Result<Vec<FoundFile>, LoadError> {
    let holder = beside.map_or_else(|| root.to_path_buf(), |folder| root.join(folder));
    let shown = match beside {
        None | Some("" | ".") => "templates".to_owned(),
        Some(folder) => format!("{}/templates", folder.trim_end_matches('/')),
    };
    let folder = holder.join("templates");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| LoadError { path: shown.clone(), reason: error.to_string() };
    let canonical = folder.canonicalize().map_err(failed)?;
    if !canonical.starts_with(holder.canonicalize().map_err(failed)?) {
        return Err(LoadError { path: shown, reason: "the folder leads out of its project".into() });
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let Some((name, naming)) = parse_name(&file_name) else { continue };
        let text = naming.and_then(|()| read(&entry.path(), &canonical));
        found.push(FoundFile { name, beside: beside.map(str::to_owned), path: format!("{shown}/{file_name}"), text });
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// The parts of a template's name, and what is wrong with them; `None` for a file that is no template.
pub(super) fn parse_name(file_name: &str) -> Option<(FileName, Result<(), Broken>)> {
    let (stem, extension) = if let Some(stem) = file_name.strip_suffix(".html") {
        (stem, Extension::Html)
    } else {
        (file_name.strip_suffix(".txt")?, Extension::Txt)
    };
    let parts: Vec<&str> = stem.split('.').collect();
    let (message, channel, language) = match parts.as_slice() {
        [message, channel] => (*message, *channel, None),
        [message, channel, language] => (*message, *channel, Some(*language)),
        _ => (stem, "", None),
    };
    let name = FileName {
        message: message.to_owned(),
        channel: channel.to_owned(),
        language: language.map(str::to_owned),
        extension,
    };
    let wrong = |reason: String| Some((name.clone(), Err(Broken::new(reason, 0..0))));
    if channel.is_empty() || message.is_empty() {
        return wrong(
            "a template's name is `MESSAGE.CHANNEL.html`, or with a language `MESSAGE.CHANNEL.fr.html`".into(),
        );
    }
    if !CHANNELS.iter().any(|(known, _)| *known == channel) {
        return wrong(format!("there is no channel `{channel}`"));
    }
    if extension == Extension::Html && channel != "email" {
        return wrong(format!("a message by {channel} is a text: its template ends in `.txt`"));
    }
    if language.is_some_and(|language| !is_language(language)) {
        return wrong(format!("`{}` is no language, such as `fr` or `pt-BR`", language.unwrap_or("")));
    }
    Some((name, Ok(())))
}

/// A language tag as far as templates need one (BCP 47): `fr`, `pt-BR`.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or("");
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn read(path: &Path, folder: &Path) -> Result<String, Broken> {
    let failed = |error: std::io::Error| Broken::new(format!("cannot be read: {error}"), 0..0);
    let canonical = path.canonicalize().map_err(failed)?;
    if !canonical.starts_with(folder) {
        return Err(Broken::new("the file leads out of its folder", 0..0));
    }
    // Asked before opening: opening a pipe would wait for its writer.
    if !canonical.metadata().map_err(failed)?.is_file() {
        return Err(Broken::new("this is no regular file", 0..0));
    }
    let mut bytes = Vec::new();
    fs::File::open(&canonical).and_then(|file| file.take(SIZE_MAX + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(Broken::new("a template has at most 512 KiB", 0..0));
    }
    let text = String::from_utf8(bytes).map_err(|_| Broken::new("the file is not UTF-8", 0..0))?;
    match text.find('\0') {
        Some(at) => Err(Broken::new("the file has a NUL character", at..at + 1)),
        None => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
    }
}
