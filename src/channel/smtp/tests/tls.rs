//! Nothing is said to a server whose certificate is wrong, and nothing in plain where TLS was asked for.

use super::fault_server::{Book, listen, serve};
use super::*;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/channel/tls").join(name)
}

fn server_config(certificate: &str) -> Arc<ServerConfig> {
    let chain = vec![CertificateDer::from_pem_file(data(&format!("{certificate}.pem"))).unwrap()];
    let key = PrivateKeyDer::from_pem_file(data(&format!("{certificate}.key.pem"))).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

fn serve_tls(stream: TcpStream, config: &Arc<ServerConfig>, book: &Book) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    serve(StreamOwned::new(connection, stream), book, &["8BITMIME", "AUTH PLAIN LOGIN"])
}

/// In TLS from the first byte.
fn implicit(certificate: &str) -> (SocketAddr, Book) {
    let (config, book) = (server_config(certificate), Book::default());
    let clone = book.clone();
    (listen(move |stream| serve_tls(stream, &config, &clone)), book)
}

/// Plain until STARTTLS; `injected` follows its 220 in plain.
fn explicit(extensions: &'static str, injected: &'static str) -> (SocketAddr, Book) {
    let (config, book) = (server_config("good"), Book::default());
    let clone = book.clone();
    let address = listen(move |mut stream| {
        stream.write_all(b"220 fault.example ESMTP\r\n")?;
        let mut lines = BufReader::new(stream.try_clone()?);
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.starts_with("EHLO") {
                stream.write_all(format!("250-fault.example\r\n250 {extensions}\r\n").as_bytes())?;
            } else if line.starts_with("STARTTLS") {
                stream.write_all(format!("220 go on\r\n{injected}").as_bytes())?;
                return serve_after_start(stream, &config, &clone);
            } else {
                stream.write_all(b"530 5.7.0 STARTTLS first\r\n")?;
            }
        }
    });
    (address, book)
}

/// After STARTTLS there is no second greeting: the fixture's own is taken out.
fn serve_after_start(stream: TcpStream, config: &Arc<ServerConfig>, book: &Book) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let stream = WithoutGreeting { stream: StreamOwned::new(connection, stream), greeted: false };
    serve(stream, book, &["8BITMIME", "AUTH PLAIN LOGIN"])
}

struct WithoutGreeting {
    stream: StreamOwned<ServerConnection, TcpStream>,
    greeted: bool,
}

impl std::io::Read for WithoutGreeting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl std::io::Write for WithoutGreeting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if std::mem::replace(&mut self.greeted, true) { self.stream.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

fn secured(address: SocketAddr, tls: TlsMode) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".into(),
        tls,
        credentials: Some(Credentials { user: "user".into(), password: secret("right") }),
        extra_authorities: Some(data("authority.pem")),
        ..settings(address)
    }
}

#[test]
fn mail_goes_through_implicit_tls() {
    let (address, book) = implicit("good");
    let mut sender = Sender::new(secured(address, TlsMode::Required)).unwrap();
    for number in 0..3 {
        assert_eq!(line(&send(&mut sender, &mail(&format!("ok+{number}")))), "accepted 250 2.0.0 queued as 1");
    }
    for (behaviour, expected) in FAULTS {
        let outcome = send(&mut sender, &mail(&format!("{behaviour}+tls")));
        // How a lost connection is called differs in TLS: it ends without a farewell.
        let shown = line(&outcome);
        let same = match expected.split_once("the connection was lost") {
            Some((start, _)) => shown.starts_with(start),
            None => shown == expected,
        };
        assert!(same, "{behaviour}: {shown}");
    }
    assert_eq!(book.accepted().len(), 6);
}

#[test]
fn mail_goes_through_starttls() {
    let (address, book) = explicit("STARTTLS", "");
    let mut sender = Sender::new(secured(address, TlsMode::StartTls)).unwrap();
    assert_eq!(line(&send(&mut sender, &mail("ok"))), "accepted 250 2.0.0 queued as 1");
    assert_eq!(book.accepted(), ["ok@example.com"]);
}

#[test]
fn a_wrong_certificate_ends_it_before_a_word_is_said() {
    for certificate in ["other", "expired"] {
        let (address, book) = implicit(certificate);
        let mut sender = Sender::new(secured(address, TlsMode::Required)).unwrap();
        let outcome = send(&mut sender, &mail("ok"));
        let Outcome::Deferred { phase: Phase::Tls, text, .. } = &outcome else { panic!("{outcome:?}") };
        assert!(text.contains("certificate"), "{text}");
        assert!(book.commands().is_empty());
    }
    // An authority that nobody named.
    let (address, book) = implicit("good");
    let untrusted = SmtpSettings { extra_authorities: Some(data("other.pem")), ..secured(address, TlsMode::Required) };
    let outcome = send(&mut Sender::new(untrusted).unwrap(), &mail("ok"));
    assert!(matches!(outcome, Outcome::Deferred { phase: Phase::Tls, .. }), "{outcome:?}");
    assert!(book.commands().is_empty());
}

#[test]
fn starttls_is_never_done_without() {
    for (extensions, injected, expected) in [
        ("8BITMIME", "", "the server does not offer STARTTLS"),
        ("STARTTLS", "250 AUTH PLAIN\r\n", "the server answered twice"),
    ] {
        let (address, book) = explicit(extensions, injected);
        let mut sender = Sender::new(secured(address, TlsMode::StartTls)).unwrap();
        let outcome = send(&mut sender, &mail("ok"));
        let Outcome::Deferred { phase: Phase::Tls, text, .. } = &outcome else { panic!("{outcome:?}") };
        assert_eq!(text, expected);
        assert!(book.commands().is_empty());
    }
}

#[test]
fn a_file_without_certificates_is_an_error() {
    let address = SocketAddr::from(([127, 0, 0, 1], 465));
    for name in ["README.md", "missing.pem"] {
        let settings = SmtpSettings { extra_authorities: Some(data(name)), ..secured(address, TlsMode::Required) };
        assert!(matches!(Sender::new(settings), Err(SmtpError::Authorities { .. })), "{name}");
    }
}
