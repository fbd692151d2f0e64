//! Passwords stay out of what is printed. A configuration holds references (`env:NAME`, `file:PATH`), never the
//! passwords themselves; this is about the files that do hold one.

use std::ops::Range;

/// Whether a text says where a secret is kept, so that it may be shown.
pub fn is_reference(text: &str) -> bool {
    ["env:", "file:"].iter().any(|kind| text.strip_prefix(kind).is_some_and(|place| !place.trim().is_empty()))
}

/// The text of a configuration with the passwords that it should not hold replaced by `*`, byte by byte, so that a
/// finding that shows its lines shows none.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut place = 0;
    for secret in places(text) {
        masked.push_str(text.get(place..secret.start).unwrap_or(""));
        masked.extend(std::iter::repeat_n('*', secret.len()));
        place = secret.end;
    }
    masked.push_str(text.get(place..).unwrap_or(""));
    masked
}

/// The keys whose values may be secrets.
const KEYS: [&str; 3] = ["password", "secret", "url"];

fn is_secret(key: &str, value: &str) -> bool {
    match key {
        // Somebody's name and password before the host.
        "url" => value.contains('@'),
        _ => !is_reference(value),
    }
}

/// Where a text writes a secret that is no reference, in order. It looks at the text alone, since a file that
/// is not TOML may hold one as well.
pub fn places(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut place = 0;
    let key_after = |place: usize| {
        let rest = text.get(place..)?;
        let found = KEYS.iter().filter_map(|key| Some((place + rest.find(key)? + key.len(), *key)));
        found.min_by_key(|(after, _)| *after)
    };
    while let Some((after, key)) = key_after(place) {
        place = after;
        let Some(start) = value_after(text, place) else { continue };
        let end = value_end(text, start);
        let value = text.get(start..end).unwrap_or("").trim_matches(['"', '\'', ' ']);
        if is_secret(key, value) {
            found.push(start..end);
            place = end;
        }
    }
    found
}

/// Where the value of a key begins that ends at `place`; `None` when no `=` follows.
fn value_after(text: &str, place: usize) -> Option<usize> {
    let rest = text.get(place..)?;
    let equals = rest.trim_start_matches(['"', '\'', ' ', '\t']);
    let value = equals.strip_prefix('=')?.trim_start_matches([' ', '\t']);
    Some(text.len() - value.len())
}

/// Where a value ends: at its closing quotes, or with its line.
fn value_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    let until = |quotes: &str| {
        let inner = rest.get(quotes.len()..).unwrap_or("");
        inner.find(quotes).map_or(text.len(), |at| start + quotes.len() + at + quotes.len())
    };
    for quotes in ["\"\"\"", "'''"] {
        if rest.starts_with(quotes) {
            return until(quotes);
        }
    }
    start + rest.find(['\r', '\n']).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (text, masked) in [
            ("password = \"canary\"\nhost = 1", "password = ********\nhost = 1"),
            ("server = { password='canary', a = 1 }\n", "server = { password=*****************\n"),
            ("\"password\"\t= \"\"\"can\nary\"\"\" # x", "\"password\"\t= ************* # x"),
            ("password = \"env:NAME\"\npassword = canary", "password = \"env:NAME\"\npassword = ******"),
            ("password = 'file:/a'", "password = 'file:/a'"),
            ("password = \"canary", "password = *******"),
            ("secret = \"whsec_x\"", "secret = *********"),
            ("url = \"https://a.example\"\nsecret = 'x'", "url = \"https://a.example\"\nsecret = ***"),
            ("{ url = \"https://a\", password = \"x\" }", "{ url = \"https://a\", password = *****"),
            ("url = \"https://me:canary@a.example\"\n", "url = *****************************\n"),
            ("password = \"\"\"canary", "password = *********"),
            ("# the password\npassword", "# the password\npassword"),
        ] {
            assert_eq!(mask(text), masked);
            assert_eq!(mask(text).len(), text.len());
        }
    }
}
