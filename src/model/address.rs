//! What may be an email address, judged without a server and without a table of domains.

/// Whether a text could be an address that mail is sent to: one `@` before a domain with a dot, no spaces, no quotes, no
/// IP address. The channel is stricter about international domains; a text that this refuses never reaches it, so that
/// a simulation and a run agree on who is in reach.
pub fn may_be_email(text: &str) -> bool {
    let text = text.trim_matches(|letter: char| matches!(letter, ' ' | '\t' | '\u{a0}'));
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter);
    let local_is_fine = local.len() <= 64
        && !local.is_empty()
        && local.split('.').all(|part| !part.is_empty() && part.chars().all(is_atom));
    let label_is_fine = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let last = domain.rsplit('.').next().unwrap_or("");
    local_is_fine
        && text.len() <= 254
        && domain.contains('.')
        && domain.split('.').all(label_is_fine)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::may_be_email;

    #[test]
    fn a_mistake_of_the_crm_is_no_address() {
        for text in ["ana@example.com", " ana@example.com ", "a.b+c@ex-ample.co.uk", "ana@bücher.example"] {
            assert!(may_be_email(text), "{text}");
        }
        for text in [
            "",
            "ana",
            "not an address",
            "ana@example",
            "@example.com",
            "ana@",
            "a b@example.com",
            "\"a b\"@c.fr",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a..b@c.fr",
            "a@-c.fr",
            "é@c.fr",
            "a@c.fr\nBcc: x@y.z",
        ] {
            assert!(!may_be_email(text), "{text}");
        }
    }
}
