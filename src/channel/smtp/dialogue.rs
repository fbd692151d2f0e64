//! One connection and its dialogue (RFC 5321): lettre's commands and reply parser on our own socket.
//!
//! The dialogue is driven here and not by lettre's connection, because that one writes body and final dot in
//! one call and does not say which phase failed; both are what [`super::Outcome`] is about.

use super::outcome::{Failure, Phase, Trouble};
use super::reply::{LINE_MAX, REPLY_MAX, Reply};
use super::settings::{SmtpSettings, TlsMode};
use super::wire::{Silence, Wire};
use crate::channel::mail::Mail;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail as MailCommand, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use rustls::ClientConfig;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

/// The bytes of a body that are written at once.
const BLOCK: usize = 16 * 1024;

/// A server that has greeted us and knows us, between two mails or inside one.
#[derive(Debug)]
pub(super) struct Connection {
    wire: Wire,
    /// Received and not yet read.
    input: Vec<u8>,
}

/// What became of the final dot.
#[derive(Debug)]
pub(super) enum Dot {
    /// The whole of it may be on its way: whatever follows, the server may have the mail.
    Sent,
    NotSent(Trouble),
}

impl Connection {
    /// Connects, in TLS as the settings say, says EHLO and authenticates.
    pub(super) fn open(settings: &SmtpSettings, trust: Option<&Arc<ClientConfig>>) -> Result<Connection, Failure> {
        let at = |phase| move |trouble| Failure { phase, trouble };
        let timeouts = settings.timeouts;
        let mut wire = Wire::connect(settings).map_err(at(Phase::Connect))?;
        if let (TlsMode::Required, Some(trust)) = (settings.tls, trust) {
            wire = wire.secure(&settings.host, trust, timeouts.connect).map_err(at(Phase::Tls))?;
        }
        let mut connection = Connection { wire, input: Vec::new() };
        connection.wire.allow(timeouts.command);
        connection.positive().map_err(at(Phase::Greeting))?;
        let mut server = connection.hello(settings).map_err(at(Phase::Hello))?;
        if let (TlsMode::StartTls, Some(trust)) = (settings.tls, trust) {
            connection = connection.start_tls(settings, &server, trust).map_err(at(Phase::Tls))?;
            server = connection.hello(settings).map_err(at(Phase::Hello))?;
        }
        if settings.tls != TlsMode::None && !connection.wire.is_encrypted() {
            return Err(at(Phase::Tls)(Trouble::Nonsense("the connection is not in TLS")));
        }
        connection.authenticate(settings, &server).map_err(at(Phase::Authenticate))?;
        Ok(connection)
    }

    fn hello(&mut self, settings: &SmtpSettings) -> Result<ServerInfo, Trouble> {
        let command = Ehlo::new(ClientId::Domain(settings.hello.clone()));
        let reply = self.command(&command, settings.timeouts.command)?.or_refused()?;
        ServerInfo::from_response(&reply.response).map_err(|_| Trouble::Nonsense("the answer to EHLO is none"))
    }

    /// What the server sent before TLS is not believed after it: the buffer must be empty.
    fn start_tls(
        mut self,
        settings: &SmtpSettings,
        server: &ServerInfo,
        trust: &Arc<ClientConfig>,
    ) -> Result<Connection, Trouble> {
        if !server.supports_feature(Extension::StartTls) {
            return Err(Trouble::Nonsense("the server does not offer STARTTLS"));
        }
        self.command(&Starttls, settings.timeouts.command)?.or_refused()?;
        if !self.input.is_empty() {
            return Err(Trouble::Nonsense("the server spoke between STARTTLS and TLS"));
        }
        let wire = self.wire.secure(&settings.host, trust, settings.timeouts.connect)?;
        Ok(Connection { wire, input: Vec::new() })
    }

    fn authenticate(&mut self, settings: &SmtpSettings, server: &ServerInfo) -> Result<(), Trouble> {
        let Some(credentials) = &settings.credentials else { return Ok(()) };
        let password = credentials.password.expose().to_owned();
        let credentials = Credentials::new(credentials.user.clone(), password);
        let mechanism = server
            .get_auth_mechanism(&[Mechanism::Plain, Mechanism::Login])
            .ok_or(Trouble::Nonsense("the server offers neither AUTH PLAIN nor AUTH LOGIN"))?;
        let unreadable = |_| Trouble::Nonsense("the server's challenge is none");
        let command = Auth::new(mechanism, credentials.clone(), None).map_err(unreadable)?;
        let mut reply = self.command(&command, settings.timeouts.command)?;
        // LOGIN has two challenges, PLAIN at most one.
        for _ in 0..2 {
            if reply.code != 334 {
                break;
            }
            let answer =
                Auth::new_from_response(mechanism, credentials.clone(), &reply.response).map_err(unreadable)?;
            reply = self.command(&answer, settings.timeouts.command)?;
        }
        reply.or_refused().map(|_| ())
    }

    /// MAIL, RCPT, DATA: until the server waits for the body.
    pub(super) fn begin(&mut self, mail: &Mail, settings: &SmtpSettings) -> Result<(), Failure> {
        let at = |phase| move |trouble| Failure { phase, trouble };
        let timeouts = settings.timeouts;
        let sender = MailCommand::new(Some(mail.sender().address().clone()), Vec::new());
        self.command(&sender, timeouts.command).and_then(Reply::or_refused).map_err(at(Phase::Sender))?;
        let recipient = Rcpt::new(mail.recipient().address().clone(), Vec::new());
        self.command(&recipient, timeouts.command).and_then(Reply::or_refused).map_err(at(Phase::Recipient))?;
        let reply = self.command(&Data, timeouts.data).map_err(at(Phase::Data))?;
        match reply.code {
            354 => Ok(()),
            400.. => Err(at(Phase::Data)(Trouble::Refused(reply))),
            _ => Err(at(Phase::Data)(Trouble::Nonsense("the answer to DATA is none"))),
        }
    }

    /// Writes the mail, all but the final dot, and looks whether the server is still there.
    pub(super) fn body(&mut self, mail: &Mail, block_timeout: Duration) -> Result<(), Failure> {
        let stuffed = stuff_dots(mail.bytes());
        for block in stuffed.chunks(BLOCK) {
            self.wire.allow(block_timeout);
            if let Err(error) = self.wire.send(block) {
                return Err(self.interrupted(&error));
            }
        }
        self.still_there()
    }

    /// Fails when the server has spoken or closed before the final dot: then it has not taken the mail.
    pub(super) fn still_there(&mut self) -> Result<(), Failure> {
        match self.wire.silence(&mut self.input) {
            Ok(Silence::Kept) => Ok(()),
            Ok(Silence::Broken) => Err(self.spoke_early()),
            Err(error) => Err(Failure { phase: Phase::Body, trouble: Trouble::of_io(&error) }),
        }
    }

    /// A server that refuses in the middle of a body says why before it closes, if we are lucky.
    fn interrupted(&mut self, error: &std::io::Error) -> Failure {
        match self.wire.silence(&mut self.input) {
            Ok(Silence::Broken) => self.spoke_early(),
            _ => Failure { phase: Phase::Body, trouble: Trouble::of_io(error) },
        }
    }

    fn spoke_early(&mut self) -> Failure {
        self.wire.allow(Duration::from_secs(1));
        let trouble = match self.reply() {
            Ok(reply) if reply.code >= 400 => Trouble::Refused(reply),
            Ok(_) => Trouble::Nonsense("the server answered before the mail was over"),
            Err(trouble) => trouble,
        };
        Failure { phase: Phase::Body, trouble }
    }

    /// Writes the final dot: the point of no return. The body ended with CRLF.
    pub(super) fn dot(&mut self, timeout: Duration) -> Dot {
        self.wire.stay(timeout);
        match self.wire.send(b".\r\n") {
            Ok(()) => Dot::Sent,
            Err(_) if self.wire.may_have_sent() => Dot::Sent,
            Err(error) => Dot::NotSent(Trouble::of_io(&error)),
        }
    }

    /// After a refusal the server forgets the mail and is ready for the next.
    pub(super) fn reset(&mut self, timeout: Duration) -> Result<(), Trouble> {
        self.command(&Rset, timeout)?.or_refused().map(|_| ())
    }

    /// Whether nothing is left that would be taken for the answer to the next command.
    pub(super) fn is_quiet(&self) -> bool {
        self.input.is_empty()
    }

    /// Takes leave without waiting for an answer.
    pub(super) fn quit(mut self) {
        self.wire.allow(Duration::from_secs(1));
        // The mails are delivered or not; a server that hears no farewell loses nothing.
        let _ = self.wire.send(Quit.to_string().as_bytes());
    }

    fn command(&mut self, command: &impl Display, timeout: Duration) -> Result<Reply, Trouble> {
        self.wire.allow(timeout);
        self.wire.send(command.to_string().as_bytes()).map_err(|error| Trouble::of_io(&error))?;
        let reply = self.reply()?;
        if self.is_quiet() { Ok(reply) } else { Err(Trouble::Nonsense("the server answered twice")) }
    }

    fn positive(&mut self) -> Result<Reply, Trouble> {
        self.reply()?.or_refused()
    }

    /// Reads one reply, in lines, until the one that is not continued.
    pub(super) fn reply(&mut self) -> Result<Reply, Trouble> {
        const NONE: Trouble = Trouble::Nonsense("the server's answer is no SMTP");
        let mut text = String::new();
        loop {
            let line = self.line()?;
            let code = line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit())).ok_or(NONE)?;
            let (last, rest) = match line.get(3..) {
                Some("") | None => (true, ""),
                Some(rest) => (!rest.starts_with('-'), rest.strip_prefix(['-', ' ']).ok_or(NONE)?),
            };
            text.push_str(&format!("{code}{}{rest}\r\n", if last { ' ' } else { '-' }));
            if text.len() > REPLY_MAX {
                return Err(Trouble::Nonsense("the server's answer is too long"));
            }
            if last {
                return Reply::parse(&text).ok_or(NONE);
            }
        }
    }

    fn line(&mut self) -> Result<String, Trouble> {
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.input.len() > LINE_MAX {
                return Err(Trouble::Nonsense("the server's answer has a line too long"));
            }
            match self.wire.receive(&mut self.input) {
                Ok(0) => return Err(Trouble::Lost("the server closed it".into())),
                Ok(_) => {}
                Err(error) => return Err(Trouble::of_io(&error)),
            }
        }
    }
}

impl Reply {
    fn or_refused(self) -> Result<Reply, Trouble> {
        match self.code {
            200..300 => Ok(self),
            400.. => Err(Trouble::Refused(self)),
            _ => Err(Trouble::Nonsense("the server's answer does not fit the command")),
        }
    }
}

/// Doubles the dot that begins a line (RFC 5321, 4.5.2). Lines end by CRLF alone, as [`Mail::bytes`] promises.
fn stuff_dots(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 64);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn stuffed_dots_come_off_again(lines in proptest::collection::vec("[.a]{0,4}", 0..20)) {
            let body = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>();
            let stuffed = String::from_utf8(stuff_dots(body.as_bytes())).unwrap();
            proptest::prop_assert!(!stuffed.split("\r\n").any(|line| line == "."));
            let back: String = stuffed.split_inclusive('\n').map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            proptest::prop_assert_eq!(back, body);
        }
    }
}
