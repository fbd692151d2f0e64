//! Our own connection: a socket whose every read and write ends by a deadline, in TLS or plain.

use super::outcome::Trouble;
use super::settings::{SmtpError, SmtpSettings, TlsMode};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A socket with a deadline. A server that sends one byte a minute is not waited for longer than one
/// that sends nothing.
#[derive(Debug)]
pub(super) struct Timed {
    socket: TcpStream,
    deadline: Instant,
    /// As [`SmtpSettings::leave`].
    leave: Option<Arc<AtomicBool>>,
    /// Whether an answer is waited for whatever happens: that to the final dot.
    stays: bool,
    /// Whether a read waits at all.
    waits: bool,
}

/// The error of a read that was given up because it is time to leave.
#[derive(Debug)]
pub(super) struct Leave;

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was time to leave")
    }
}

impl std::error::Error for Leave {}

/// How often a wait for the server is looked up from.
const LOOK: Duration = Duration::from_millis(200);

impl Timed {
    fn is_to_leave(&self) -> bool {
        !self.stays && self.leave.as_ref().is_some_and(|leave| leave.load(Ordering::Relaxed))
    }

    fn remaining(&self) -> io::Result<Duration> {
        let remaining = self.deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(remaining) }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let remaining = self.remaining()?;
            if self.is_to_leave() {
                return Err(io::Error::other(Leave));
            }
            self.socket.set_read_timeout(Some(remaining.min(LOOK)))?;
            match self.socket.read(buffer) {
                Err(error)
                    if self.waits && matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                result => return result,
            }
        }
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let remaining = self.remaining()?;
        self.socket.set_write_timeout(Some(remaining))?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A connection's bytes.
#[derive(Debug)]
pub(super) enum Wire {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

/// What the server did while it was our turn.
#[derive(Debug)]
pub(super) enum Silence {
    Kept,
    /// It said something, now at the end of the buffer.
    Broken,
}

impl Wire {
    /// Opens a socket to the server, without Nagle's delay. The time to look up the host is the system's
    /// resolver's to limit.
    pub(super) fn connect(settings: &SmtpSettings) -> Result<Wire, Trouble> {
        let deadline = Instant::now() + settings.timeouts.connect;
        let addresses = (settings.host.as_str(), settings.port).to_socket_addrs();
        let addresses: Vec<SocketAddr> = addresses
            .map_err(|error| Trouble::of_io(&error))?
            .filter(|address| settings.tls != TlsMode::None || address.ip().is_loopback())
            .collect();
        let mut failure = Trouble::Lost("the host has no address".into());
        for address in addresses {
            let remaining = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            match TcpStream::connect_timeout(&address, remaining).and_then(|socket| {
                socket.set_nodelay(true)?;
                Ok(socket)
            }) {
                Ok(socket) => {
                    let leave = settings.leave.clone();
                    return Ok(Wire::Plain(Timed { socket, deadline, leave, stays: false, waits: true }));
                }
                Err(error) => failure = Trouble::of_io(&error),
            }
        }
        Err(failure)
    }

    /// Goes on in TLS, the certificate verified for `host`.
    pub(super) fn secure(self, host: &str, trust: &Arc<ClientConfig>, timeout: Duration) -> Result<Wire, Trouble> {
        let Wire::Plain(mut socket) = self else {
            return Err(Trouble::Nonsense("the connection is in TLS already"));
        };
        socket.deadline = Instant::now() + timeout;
        let lost = |error: rustls::Error| Trouble::Lost(error.to_string());
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Trouble::Nonsense("the host is no name"))?;
        let mut connection = ClientConnection::new(Arc::clone(trust), name).map_err(lost)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).map_err(|error| Trouble::of_io(&error))?;
        }
        Ok(Wire::Tls(Box::new(StreamOwned::new(connection, socket))))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Wire::Tls(_))
    }

    fn timed(&mut self) -> &mut Timed {
        match self {
            Wire::Plain(socket) => socket,
            Wire::Tls(stream) => &mut stream.sock,
        }
    }

    /// What follows must be over after this time.
    pub(super) fn allow(&mut self, timeout: Duration) {
        let socket = self.timed();
        socket.deadline = Instant::now() + timeout;
        socket.stays = false;
    }

    /// As [`Wire::allow`], for an answer that decides what became of a mail: it is waited for even when it is time to
    /// leave.
    pub(super) fn stay(&mut self, timeout: Duration) {
        self.allow(timeout);
        self.timed().stays = true;
    }

    /// Appends what the server sends next; nothing means that it has closed.
    pub(super) fn receive(&mut self, input: &mut Vec<u8>) -> io::Result<usize> {
        let mut buffer = [0; 4096];
        let count = match self {
            Wire::Plain(socket) => socket.read(&mut buffer)?,
            Wire::Tls(stream) => stream.read(&mut buffer)?,
        };
        input.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Wire::Plain(socket) => socket.write_all(bytes),
            Wire::Tls(stream) => {
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }

    /// Whether bytes that `send` failed on may all have left: never in plain, where a failed write took nothing
    /// of the rest; in TLS when no record is left in our hands.
    pub(super) fn may_have_sent(&self) -> bool {
        match self {
            Wire::Plain(_) => false,
            Wire::Tls(stream) => !stream.conn.wants_write(),
        }
    }

    /// Looks, without waiting, whether the server spoke or closed while it was our turn.
    pub(super) fn silence(&mut self, input: &mut Vec<u8>) -> io::Result<Silence> {
        self.allow(Duration::from_secs(1));
        self.timed().socket.set_nonblocking(true)?;
        self.timed().waits = false;
        let received = self.receive(input);
        self.timed().waits = true;
        self.timed().socket.set_nonblocking(false)?;
        match received {
            Ok(0) => Err(io::ErrorKind::ConnectionAborted.into()),
            Ok(_) => Ok(Silence::Broken),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Silence::Kept),
            Err(error) => Err(error),
        }
    }
}

/// Whom we trust: the system's authorities, and those of the settings. `None` without TLS.
pub(super) fn trust(settings: &SmtpSettings) -> Result<Option<Arc<ClientConfig>>, SmtpError> {
    if settings.tls == TlsMode::None {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &settings.extra_authorities {
        let refused = |reason: String| SmtpError::Authorities { path: path.clone(), reason };
        let mut count = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))? {
            let certificate = certificate.map_err(|error| refused(error.to_string()))?;
            roots.add(certificate).map_err(|error| refused(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(refused("there is none".into()));
        }
    }
    if roots.is_empty() {
        return Err(SmtpError::NoAuthorities);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|_| SmtpError::NoAuthorities)?.with_root_certificates(roots).with_no_client_auth();
    Ok(Some(Arc::new(config)))
}
