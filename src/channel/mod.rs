//! Templates and sending: from a message's values to a file or to a server's answer.
//!
//! The way of one email: [`Templates::render`] makes subject and bodies, [`Mail::build`] the bytes, and
//! [`Sender::send`] hands them to a server, or [`write_file`] puts them into a folder. Nothing here knows a
//! scenario, the store or a clock's time of day: dates are arguments, and what became of a message is returned
//! as an [`Outcome`].
//!
//! Invariants: data is never compiled as a template; every `.html` name is escaped; no line of a mail is
//! bare CR or LF; the final dot is a write of its own, and nobody but the caller's `before_dot` stands before
//! it; no error and no reply that leaves this room carries an address.

mod address;
mod files;
mod mail;
mod secret;
mod smtp;
mod template;
mod webhook;

pub use address::{AddressError, EmailAddress, clean_name};
pub use files::{FileError, FileKind, remove_files, text_message, write_file};
pub use mail::{EmailSettings, Letter, Mail, MailError};
pub use secret::{Secret, SecretError, SecretReference};
pub use smtp::{BounceClass, Credentials, Outcome, Phase, Sender, SmtpError, SmtpSettings, Timeouts, TlsMode};
pub use template::{LoadError, Presentation, RenderError, Rendered, Templates};
pub use webhook::{Answer, Later, Webhook, WebhookError, may_be_webhook};
