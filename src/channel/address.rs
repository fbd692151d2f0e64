//! Email addresses that we send to, and the names beside them.
//!
//! Stricter than RFC 5321: an address that is legal but surely a mistake in a CRM (`a@b`, `"a b"@c.fr`,
//! `a@[127.0.0.1]`) is refused before a server sees it.

use lettre::Address;
use std::fmt;

/// The longest local part and address (RFC 5321, 4.5.3.1.1 and 4.5.3.1.3), in bytes.
const LOCAL_PART_MAX: usize = 64;
const ADDRESS_MAX: usize = 254;
/// The longest name shown beside an address, in characters.
const NAME_MAX: usize = 128;

/// An address that passed the policy. Its domain is ASCII, an internationalised one by its A-labels (RFC 5891).
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(Address);

/// Why a text is no address to send to. It never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    Empty,
    WithoutAt,
    TooLong,
    /// White space, a control or an invisible character.
    StrayCharacter,
    QuotedLocalPart,
    /// It would need a server with SMTPUTF8 (RFC 6531).
    LocalPartNotAscii,
    LocalPart,
    AddressLiteral,
    DomainWithoutDot,
    Domain,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressError::Empty => "the email address is empty",
            AddressError::WithoutAt => "the email address has no `@`",
            AddressError::TooLong => "the email address is too long",
            AddressError::StrayCharacter => "the email address has a space or an invisible character",
            AddressError::QuotedLocalPart => "the email address is quoted before its `@`",
            AddressError::LocalPartNotAscii => "the email address has a letter outside ASCII before its `@`",
            AddressError::LocalPart => "the email address is malformed before its `@`",
            AddressError::AddressLiteral => "the email address has an IP address for a domain",
            AddressError::DomainWithoutDot => "the domain of the email address has no dot",
            AddressError::Domain => "the domain of the email address is malformed",
        })
    }
}

impl std::error::Error for AddressError {}

/// Without the address: this type ends up in logs.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

impl EmailAddress {
    /// Reads an address, white space around it aside.
    ///
    /// # Errors
    ///
    /// What the policy refuses.
    pub fn parse(text: &str) -> Result<EmailAddress, AddressError> {
        let text = text.trim_matches(|letter: char| matches!(letter, ' ' | '\t' | '\u{a0}'));
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > ADDRESS_MAX {
            return Err(AddressError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::WithoutAt)?;
        if local.starts_with('"') {
            return Err(AddressError::QuotedLocalPart);
        }
        if text.chars().any(|letter| letter.is_whitespace() || is_invisible(letter)) {
            return Err(AddressError::StrayCharacter);
        }
        if domain.starts_with('[') || domain.parse::<std::net::IpAddr>().is_ok() {
            return Err(AddressError::AddressLiteral);
        }
        if !local.is_ascii() {
            return Err(AddressError::LocalPartNotAscii);
        }
        if local.len() > LOCAL_PART_MAX {
            return Err(AddressError::TooLong);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::Domain)?;
        if !domain.contains('.') {
            return Err(AddressError::DomainWithoutDot);
        }
        let all_digits = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
        if domain.len() + local.len() >= ADDRESS_MAX || domain.rsplit('.').next().is_none_or(all_digits) {
            return Err(AddressError::Domain);
        }
        Address::new(local, &domain).map(EmailAddress).map_err(|error| match error {
            lettre::address::AddressError::InvalidUser => AddressError::LocalPart,
            _ => AddressError::Domain,
        })
    }

    pub fn as_text(&self) -> &str {
        self.0.as_ref()
    }

    pub fn domain(&self) -> &str {
        self.0.domain()
    }

    pub fn local_part(&self) -> &str {
        self.0.user()
    }

    pub(super) fn address(&self) -> &Address {
        &self.0
    }
}

/// A name as it may stand beside an address: without control, separator and invisible characters, white space
/// as single spaces, at most 128 characters; `None` when nothing is left.
pub fn clean_name(name: &str) -> Option<String> {
    let spaced: String =
        name.chars().map(|letter| if letter.is_whitespace() || letter.is_control() { ' ' } else { letter }).collect();
    let visible: String = spaced.chars().filter(|letter| !is_invisible(*letter)).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(NAME_MAX).collect();
    let name = name.trim_end().to_owned();
    (!name.is_empty()).then_some(name)
}

/// Control characters (C0, C1), line and paragraph separators, and what changes the direction of text.
pub(super) fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy() {
        for (text, expected) in [
            ("ana@example.com", Ok("ana@example.com")),
            (" ana+shop@Example.COM ", Ok("ana+shop@example.com")),
            ("o'neil@example.co.uk", Ok("o'neil@example.co.uk")),
            ("ana@bücher.example", Ok("ana@xn--bcher-kva.example")),
            ("", Err(AddressError::Empty)),
            ("  ", Err(AddressError::Empty)),
            ("ana", Err(AddressError::WithoutAt)),
            ("ana@localhost", Err(AddressError::DomainWithoutDot)),
            ("\"a b\"@example.com", Err(AddressError::QuotedLocalPart)),
            ("a b@example.com", Err(AddressError::StrayCharacter)),
            ("ana@example.com\r\nBcc: v@example.com", Err(AddressError::StrayCharacter)),
            ("ana@example.com\0", Err(AddressError::StrayCharacter)),
            ("ana\u{202e}@example.com", Err(AddressError::StrayCharacter)),
            ("ana@[127.0.0.1]", Err(AddressError::AddressLiteral)),
            ("ana@127.0.0.1", Err(AddressError::AddressLiteral)),
            ("ana@1.2.3", Err(AddressError::Domain)),
            ("ana@example..com", Err(AddressError::Domain)),
            ("ana@-example.com", Err(AddressError::Domain)),
            ("ana@example.com.", Err(AddressError::Domain)),
            ("@example.com", Err(AddressError::LocalPart)),
            ("a..b@example.com", Err(AddressError::LocalPart)),
            (".a@example.com", Err(AddressError::LocalPart)),
            ("a@b@example.com", Err(AddressError::LocalPart)),
            ("<ana>@example.com", Err(AddressError::LocalPart)),
            ("ané@example.com", Err(AddressError::LocalPartNotAscii)),
        ] {
            let parsed = EmailAddress::parse(text);
            assert_eq!(parsed.as_ref().map(EmailAddress::as_text).map_err(|error| *error), expected, "{text:?}");
        }
        assert_eq!(EmailAddress::parse(&format!("{}@example.com", "a".repeat(65))), Err(AddressError::TooLong));
        assert_eq!(EmailAddress::parse(&format!("a@{}com", "b.".repeat(200))), Err(AddressError::TooLong));
    }

    #[test]
    fn names_keep_their_letters_and_nothing_else() {
        for (name, expected) in [
            ("Ana María", Some("Ana María")),
            ("  Ana \t M. ", Some("Ana M.")),
            ("Bob\r\nBcc: v@example.com", Some("Bob Bcc: v@example.com")),
            ("Bob\0", Some("Bob")),
            ("a\u{202e}b\u{2028}c\u{85}d", Some("ab c d")),
            ("\u{1b}[31mred", Some("[31mred")),
            ("", None),
            ("\r\n\0\u{200f}", None),
        ] {
            assert_eq!(clean_name(name).as_deref(), expected, "{name:?}");
        }
        assert_eq!(clean_name(&"é".repeat(500)).map(|name| name.chars().count()), Some(128));
    }

    #[test]
    fn an_address_is_not_debugged() {
        let address = EmailAddress::parse("canary@example.com").unwrap();
        assert!(!format!("{address:?}").contains("canary"));
    }
}
