//! What may be an email address, judged without a server and without a table of domains.

/// Whether a text could be an address that mail is sent to: one `@` before a domain with a dot, no spaces, no quotes, no
/// IP address. The channel is stricter about international domains; a text that this refuses never reaches it, so that
/// a simulation and a run agree on who is in reach.
pub fn may_be_email(text: &str) -> bool {
    let text = text.trim_matches(|letter: char| matches!(letter, ' ' | '\t' | '\u{a0}'));
    let Some(at) = text.bytes().rposition(|byte| byte == b'@') else { return false };
    let (Some(local), Some(domain)) = (text.get(..at), text.get(at + 1..)) else { return false };
    text.len() <= 254 && is_local(local) && is_domain(domain)
}

/// Atoms between dots (RFC 5322, 3.2.3), 64 bytes at most.
fn is_local(local: &str) -> bool {
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let mut after_atom = false;
    for byte in local.bytes() {
        let is_dot = byte == b'.';
        if !(is_dot && after_atom || !is_dot && is_atom(byte)) {
            return false;
        }
        after_atom = !is_dot;
    }
    after_atom && local.len() <= 64
}

/// Two labels or more, each of 63 bytes at most and without a hyphen at its ends; the last is no number.
fn is_domain(domain: &str) -> bool {
    let (mut labels, mut length, mut digits, mut last) = (1, 0, true, '-');
    for letter in domain.chars() {
        if letter == '.' {
            if last == '-' || length > 63 {
                return false;
            }
            (labels, length, digits, last) = (labels + 1, 0, true, '-');
            continue;
        }
        if !(letter.is_alphanumeric() || letter == '-' && length > 0) {
            return false;
        }
        length += letter.len_utf8();
        digits &= letter.is_ascii_digit();
        last = letter;
    }
    labels > 1 && last != '-' && length <= 63 && !digits
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
