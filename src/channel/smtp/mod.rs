//! Handing mail to a server.
//!
//! A [`Sender`] has one connection and blocks; a caller that wants more of them runs one a thread. The phases
//! of the dialogue are known, each with its own time limit, and the final dot is a write of its own:
//!
//! ```text
//! connect, TLS, EHLO, AUTH   once a connection
//! MAIL, RCPT, DATA           a no is deferred or bounced
//! the body                   lost here: deferred, the server has no whole mail
//! before_dot()               the caller commits that the mail is handed over
//! the final dot              from here on a silence is uncertain
//! ```
//!
//! A connection that failed is never used again; one that is well is kept for the next mail.

mod dialogue;
mod outcome;
mod reply;
mod settings;
mod wire;

#[cfg(test)]
mod tests;

pub use outcome::{BounceClass, Outcome, Phase};
pub use settings::{Credentials, SmtpError, SmtpSettings, Timeouts, TlsMode};

use super::mail::Mail;
use dialogue::{Connection, Dot};
use outcome::{Failure, Trouble};
use rustls::ClientConfig;
use std::sync::Arc;

/// One connection to a server, opened when there is a mail.
#[derive(Debug)]
pub struct Sender {
    settings: SmtpSettings,
    trust: Option<Arc<ClientConfig>>,
    idle: Option<Connection>,
}

impl Sender {
    /// A sender that has not connected yet.
    ///
    /// # Errors
    ///
    /// The settings cannot work, or would send unprotected.
    pub fn new(settings: SmtpSettings) -> Result<Sender, SmtpError> {
        settings.judge()?;
        let trust = wire::trust(&settings)?;
        Ok(Sender { settings, trust, idle: None })
    }

    /// Sends one mail. `before_dot` is called once the server has everything but the final dot: there the
    /// caller records, durably, that the mail is handed over.
    ///
    /// # Errors
    ///
    /// The error of `before_dot`. The dot was not sent then, and the connection is dropped: the server has
    /// no mail.
    pub fn send<E>(&mut self, mail: &Mail, before_dot: impl FnOnce() -> Result<(), E>) -> Result<Outcome, E> {
        let local_part = mail.recipient().local_part();
        let mut connection = match self.begin(mail) {
            Ok(connection) => connection,
            Err(failure) => return Ok(failure.outcome(local_part)),
        };
        if let Err(failure) = connection.body(mail, self.settings.timeouts.block) {
            return Ok(failure.outcome(local_part));
        }
        before_dot()?;
        if let Err(failure) = connection.still_there() {
            return Ok(failure.outcome(local_part));
        }
        match connection.dot(self.settings.timeouts.dot) {
            Dot::NotSent(trouble) => Ok(Failure { phase: Phase::Body, trouble }.outcome(local_part)),
            Dot::Sent => Ok(self.after_dot(connection, local_part)),
        }
    }

    /// A connection on which the server waits for the body. A kept one may have been closed meanwhile; then a
    /// new one is opened, once.
    fn begin(&mut self, mail: &Mail) -> Result<Connection, Failure> {
        if let Some(mut connection) = self.idle.take() {
            match connection.begin(mail, &self.settings) {
                Ok(()) => return Ok(connection),
                Err(failure) if failure.phase == Phase::Sender && failure.trouble.is_gone() => {}
                Err(failure) => {
                    self.keep_after(connection, &failure.trouble);
                    return Err(failure);
                }
            }
        }
        let mut connection = Connection::open(&self.settings, self.trust.as_ref())?;
        match connection.begin(mail, &self.settings) {
            Ok(()) => Ok(connection),
            Err(failure) => {
                self.keep_after(connection, &failure.trouble);
                Err(failure)
            }
        }
    }

    /// After a well-formed no the connection is good for the next mail.
    fn keep_after(&mut self, mut connection: Connection, trouble: &Trouble) {
        let well = matches!(trouble, Trouble::Refused(_)) && !trouble.is_gone();
        if well && connection.reset(self.settings.timeouts.command).is_ok() {
            self.idle = Some(connection);
        }
    }

    fn after_dot(&mut self, mut connection: Connection, local_part: &str) -> Outcome {
        let reply = match connection.reply() {
            Ok(reply) => reply,
            Err(trouble) => return Outcome::Uncertain { text: trouble.describe(local_part) },
        };
        let text = reply.shown(local_part);
        if reply.is_positive() {
            self.idle = Some(connection).filter(Connection::is_quiet);
            return Outcome::Accepted { code: reply.code, enhanced: reply.enhanced, text };
        }
        if reply.code < 400 {
            return Outcome::Uncertain { text: "the answer to the mail does not fit".into() };
        }
        let trouble = Trouble::Refused(reply);
        let outcome = Failure { phase: Phase::Dot, trouble: trouble.clone() }.outcome(local_part);
        self.keep_after(connection, &trouble);
        outcome
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(connection) = self.idle.take() {
            connection.quit();
        }
    }
}
