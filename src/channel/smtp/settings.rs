//! Which server takes our mail, and how long we wait for it.

use crate::channel::secret::Secret;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A submission server (RFC 6409).
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub tls: TlsMode,
    pub credentials: Option<Credentials>,
    /// Certificates (PEM) trusted beside the system's: a private authority.
    pub extra_authorities: Option<PathBuf>,
    /// The name we give in EHLO: a domain of ours.
    pub hello: String,
    pub timeouts: Timeouts,
    /// Raised when it is time to leave: a server that has not all of a mail is not waited for any longer.
    pub leave: Option<Arc<AtomicBool>>,
}

/// How the connection is protected (RFC 8314).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// From the first byte: port 465.
    Required,
    /// After a plain greeting, and never without: port 587.
    StartTls,
    /// Not at all; only to this machine.
    None,
}

/// For AUTH PLAIN or LOGIN (RFC 4954).
#[derive(Clone, Debug)]
pub struct Credentials {
    pub user: String,
    pub password: Secret,
}

/// How long each phase may last as a whole (RFC 5321, 4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Connection and TLS handshake.
    pub connect: Duration,
    /// The greeting, and each command but DATA.
    pub command: Duration,
    pub data: Duration,
    /// Each block of the body.
    pub block: Duration,
    /// The answer to the final dot. Giving up early would make copies (RFC 1047).
    pub dot: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(60),
            command: Duration::from_secs(300),
            data: Duration::from_secs(120),
            block: Duration::from_secs(180),
            dot: Duration::from_secs(600),
        }
    }
}

/// Settings that no sender can work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmtpError {
    /// `none` is for this machine only.
    PlainToElsewhere {
        host: String,
    },
    /// Neither a host name nor an IP address.
    Host {
        host: String,
    },
    /// Not a name that EHLO can carry.
    Hello,
    Authorities {
        path: PathBuf,
        reason: String,
    },
    NoAuthorities,
}

impl fmt::Display for SmtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SmtpError::PlainToElsewhere { host } => {
                write!(f, "mail to `{host}` would travel unprotected; `tls = \"none\"` is for `localhost` only")
            }
            SmtpError::Host { host } => write!(f, "`{host}` is neither a host name nor an IP address"),
            SmtpError::Hello => f.write_str("the name for EHLO is no domain"),
            SmtpError::Authorities { path, reason } => {
                write!(f, "cannot read certificates from `{}`: {reason}", path.display())
            }
            SmtpError::NoAuthorities => f.write_str("this system has no certificates of authorities to trust"),
        }
    }
}

impl std::error::Error for SmtpError {}

impl SmtpSettings {
    /// What can be said of the settings without a connection.
    ///
    /// # Errors
    ///
    /// They cannot work, or would send unprotected.
    pub fn judge(&self) -> Result<(), SmtpError> {
        let host = || self.host.clone();
        if self.tls == TlsMode::None && !is_this_machine(&self.host) {
            return Err(SmtpError::PlainToElsewhere { host: host() });
        }
        if rustls::pki_types::ServerName::try_from(self.host.as_str()).is_err() {
            return Err(SmtpError::Host { host: host() });
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if self.hello.is_empty() || self.hello.len() > 255 || !self.hello.bytes().all(is_name) {
            return Err(SmtpError::Hello);
        }
        Ok(())
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
