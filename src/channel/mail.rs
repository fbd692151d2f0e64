//! Building a mail: rendered parts to the bytes that a server or a file receives.
//!
//! The bytes depend on the arguments alone: Message-ID and boundary come from the effect's key, the date is given.
//! A retry sends the same mail.

use super::address::{AddressError, EmailAddress, clean_name};
use super::template::Rendered;
use crate::time::Instant;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// The longest line without its CRLF, in bytes (RFC 5322, 2.1.1).
const LINE_MAX: usize = 998;
/// 9999-12-31T23:59:59Z, in seconds: no date header is later.
const DATE_MAX: u64 = 253_402_300_799;

/// Who sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailSettings {
    pub from: EmailAddress,
    /// Shown beside `from`.
    pub from_name: Option<String>,
    pub reply_to: Option<EmailAddress>,
}

impl EmailSettings {
    /// Reads `Shop <shop@example.com>` or `shop@example.com`, and an address for replies.
    ///
    /// # Errors
    ///
    /// One of them is no address to send from.
    pub fn parse(from: &str, reply_to: Option<&str>) -> Result<EmailSettings, AddressError> {
        let named = from.trim().strip_suffix('>').and_then(|from| from.rsplit_once('<'));
        let (name, address) = named.map_or((None, from), |(name, address)| (Some(name), address));
        Ok(EmailSettings {
            from: EmailAddress::parse(address)?,
            from_name: name.and_then(|name| clean_name(name.trim().trim_matches('"'))),
            reply_to: reply_to.map(EmailAddress::parse).transpose()?,
        })
    }
}

/// What a mail is made of.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The effect's key: letters, digits, `-` and `_`, at most 128.
    pub key: &'a str,
    pub scenario: &'a str,
    pub to: &'a EmailAddress,
    /// The contact's name, as the CRM has it.
    pub to_name: Option<&'a str>,
    /// What the Date header says.
    pub date: Instant,
    pub rendered: &'a Rendered,
}

/// A mail, ready to be handed over.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    key: String,
    message_id: String,
    sender: EmailAddress,
    recipient: EmailAddress,
    bytes: Vec<u8>,
}

/// Without address and content.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("key", &self.key).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// Why a mail cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailError {
    /// The key has a character that Message-ID or file names cannot have, or too many.
    Key,
    NoSubject,
    Nul,
    /// Before 1970 or after 9999.
    Date,
    /// The bytes are not what SMTP may carry; no input is known to lead here.
    Malformed,
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MailError::Key => "the effect's key has a character outside letters, digits, `-` and `_`",
            MailError::NoSubject => "the mail has no subject",
            MailError::Nul => "the mail has a NUL character",
            MailError::Date => "the mail's date is not between 1970 and 9999",
            MailError::Malformed => "the mail has a line that SMTP cannot carry",
        })
    }
}

impl std::error::Error for MailError {}

impl Mail {
    /// Builds the mail.
    ///
    /// # Errors
    ///
    /// The letter cannot be a mail.
    pub fn build(settings: &EmailSettings, letter: &Letter<'_>) -> Result<Mail, MailError> {
        if !is_key(letter.key) {
            return Err(MailError::Key);
        }
        let rendered = letter.rendered;
        let subject = rendered.subject.as_deref().filter(|subject| !subject.is_empty()).ok_or(MailError::NoSubject)?;
        if subject.chars().any(char::is_control) {
            return Err(MailError::Malformed);
        }
        let seconds = u64::try_from(letter.date.seconds()).ok().filter(|seconds| *seconds <= DATE_MAX);
        let date = UNIX_EPOCH + Duration::from_secs(seconds.ok_or(MailError::Date)?);
        let message_id = format!("<{}@{}>", letter.key, settings.from.domain());
        let from = mailbox(settings.from_name.as_deref(), &settings.from);
        let mut builder = Message::builder()
            .from(from)
            .to(mailbox(letter.to_name, letter.to))
            .subject(subject)
            .date(date)
            .message_id(Some(message_id.clone()))
            .raw_header(header("Auto-Submitted", "auto-generated".into()))
            .raw_header(header("List-Id", list_id(letter.scenario, settings.from.domain())));
        if let Some(reply_to) = &settings.reply_to {
            builder = builder.reply_to(mailbox(None, reply_to));
        }
        let text = SinglePart::plain(body(&rendered.text)?);
        let message = match &rendered.html {
            Some(html) => {
                let boundary = format!("scn-{}", letter.key.get(..letter.key.len().min(60)).unwrap_or(""));
                let parts = MultiPart::alternative().boundary(boundary);
                builder.multipart(parts.singlepart(text).singlepart(SinglePart::html(body(html)?)))
            }
            None => builder.singlepart(text),
        };
        let mut bytes = message.map_err(|_| MailError::Malformed)?.formatted();
        if !bytes.ends_with(b"\r\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        if !is_wire_form(&bytes) {
            return Err(MailError::Malformed);
        }
        Ok(Mail {
            key: letter.key.to_owned(),
            message_id,
            sender: settings.from.clone(),
            recipient: letter.to.clone(),
            bytes,
        })
    }

    /// The effect's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// `<key@sending-domain>`: the same at every attempt.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The envelope's sender, to whom bounces return.
    pub fn sender(&self) -> &EmailAddress {
        &self.sender
    }

    pub fn recipient(&self) -> &EmailAddress {
        &self.recipient
    }

    /// Headers and body, ASCII, every line ended by CRLF and within 998 bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether a key may stand in a Message-ID and in a file's name.
pub(super) fn is_key(key: &str) -> bool {
    (1..=128).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The name is cleaned first: lettre panics on a CR, LF or NUL in it.
fn mailbox(name: Option<&str>, address: &EmailAddress) -> Mailbox {
    Mailbox::new(name.and_then(clean_name), address.address().clone())
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// Stable for a scenario (RFC 2919).
fn list_id(scenario: &str, domain: &str) -> String {
    let label: String = scenario
        .chars()
        .take(63)
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' })
        .collect();
    format!("<{label}.{domain}>")
}

/// A body as lettre may have it: a text, so that it encodes the lines itself; line feeds only, no NUL, no other
/// control character but tabs.
fn body(text: &str) -> Result<String, MailError> {
    if text.contains('\0') {
        return Err(MailError::Nul);
    }
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    Ok(lines.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect())
}

/// The last look at the bytes: ASCII without NUL, CR and LF only together, lines within their length.
fn is_wire_form(bytes: &[u8]) -> bool {
    // After the last CRLF is taken off, every line but the last still has the CR of its own.
    let Some(lines) = bytes.strip_suffix(b"\r\n") else { return false };
    let mut lines = lines.split(|byte| *byte == b'\n').peekable();
    let mut lines_fit = true;
    while let Some(line) = lines.next() {
        let content = if lines.peek().is_some() { line.strip_suffix(b"\r") } else { Some(line) };
        lines_fit &= content.is_some_and(|line| line.len() <= LINE_MAX && !line.contains(&b'\r'));
    }
    lines_fit && bytes.iter().all(|byte| byte.is_ascii() && *byte != 0)
}

#[cfg(test)]
mod tests;
