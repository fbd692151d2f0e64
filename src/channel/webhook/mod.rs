//! Telling another program, by HTTP: one `POST` of JSON a call, as Standard Webhooks 1.0 has it.
//!
//! ```text
//! webhook-id          the key of the call, the same at every attempt; `Idempotency-Key` says the same to servers that know that
//! webhook-timestamp   when this attempt was made, in Unix seconds
//! webhook-signature   HMAC-SHA256 over both and the body, where there is a key
//! ```
//!
//! A call arrives at least once: one whose answer was not read is made again, and whoever is called tells a second
//! from a first by its id. Redirections are not followed, and of an answer only the status and `Retry-After` are kept.

mod answer;
mod signature;

pub use answer::{Answer, Later};

use super::secret::Secret;
use crate::time::Instant;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use signature::SigningKey;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// From connecting to the end of the answer; Standard Webhooks wants 15 to 30 seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// For the name, the connection and TLS.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// For what follows the head of an answer. Nobody reads it.
const BODY_PATIENCE: Duration = Duration::from_secs(2);
/// How much of a body is read, so that the connection can be used again; a longer one ends the connection.
const BODY_MAX: u64 = 16 * 1024;
/// How long the head of an answer may be.
const HEAD_MAX: usize = 64 * 1024;

/// One webhook that can be called; connections are kept for the next call.
pub struct Webhook {
    address: String,
    key: Option<SigningKey>,
    agent: Agent,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("address", &self.shown()).finish_non_exhaustive()
    }
}

/// Why a webhook cannot be called as it is configured. It never carries an address or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookError {
    /// Unprotected, or no address.
    Address,
    /// The secret is no key of Standard Webhooks.
    Key,
    Authority {
        path: PathBuf,
        reason: String,
    },
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WebhookError::Address => f.write_str("this is no address of a webhook"),
            WebhookError::Key => {
                f.write_str("the secret is no key: 24 to 64 bytes in Base64, with `whsec_` before them")
            }
            WebhookError::Authority { path, reason } => {
                write!(f, "cannot read certificates from `{}`: {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for WebhookError {}

impl Webhook {
    /// A webhook at an address; calls are signed where there is a `secret`, and certificates of `authority` (PEM) are
    /// trusted beside the system's.
    ///
    /// # Errors
    ///
    /// The address is none or unprotected, the secret is no key, or there are no certificates where they should be.
    pub fn new(address: &str, secret: Option<&Secret>, authority: Option<&Path>) -> Result<Webhook, WebhookError> {
        if !may_be_webhook(address) {
            return Err(WebhookError::Address);
        }
        let key = secret.map(|secret| SigningKey::parse(secret).ok_or(WebhookError::Key)).transpose()?;
        let mut roots = rustls_native_certs::load_native_certs().certs;
        if let Some(path) = authority {
            roots.extend(certificates(path)?);
        }
        let roots: Vec<Certificate<'static>> =
            roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build();
        let mut config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            .timeout_connect(Some(CONNECT_PATIENCE))
            .timeout_recv_body(Some(BODY_PATIENCE))
            .max_response_header_size(HEAD_MAX)
            .user_agent(concat!("scn/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false);
        if is_this_machine(address) {
            // No proxy stands between this machine and itself.
            config = config.proxy(None);
        }
        Ok(Webhook { address: address.to_owned(), key, agent: config.build().into() })
    }

    /// Where it is, for people: the path may hold a secret.
    pub fn shown(&self) -> String {
        let (scheme, rest) = self.address.split_once("://").unwrap_or_default();
        format!("{scheme}://{}/…", rest.split(['/', '?', '#']).next().unwrap_or_default())
    }

    /// Calls it, at an instant. The answer names no address and nothing of the body.
    pub fn call(&self, id: &str, body: &str, at: Instant) -> Answer {
        let begun = std::time::Instant::now();
        let seconds = at.seconds();
        let mut request = self
            .agent
            .post(&self.address)
            .content_type("application/json")
            .header("Idempotency-Key", id)
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string());
        if let Some(key) = &self.key {
            request = request.header("webhook-signature", key.sign(id, seconds, body));
        }
        match request.send(body) {
            Ok(response) => {
                let answer = of_response(&response, at.after(begun.elapsed()));
                use_up(response);
                answer
            }
            Err(error) => answer::of_error(&error),
        }
    }
}

fn of_response(response: &Response<Body>, now: Instant) -> Answer {
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    answer::of_status(response.status().as_u16(), retry_after, now)
}

/// Reads the rest of an answer, so that its connection is kept; whatever is wrong with it changes nothing.
fn use_up(response: Response<Body>) {
    let mut rest = response.into_body().into_with_config().limit(BODY_MAX).reader();
    drop(std::io::copy(&mut rest, &mut std::io::sink()));
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, WebhookError> {
    let refused = |reason: String| WebhookError::Authority { path: path.to_path_buf(), reason };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| refused(error.to_string()))?;
    if found.is_empty() { Err(refused("there is none".into())) } else { Ok(found) }
}

/// Whether calls can go to an address: protected ones, and to this machine any.
pub fn may_be_webhook(address: &str) -> bool {
    // What stands before an `@` is no host, whatever it looks like.
    if address.contains('@') || address.contains(char::is_whitespace) {
        return false;
    }
    match address.split_once("://") {
        Some(("https", rest)) => !host(rest).is_empty(),
        Some(("http", _)) => is_this_machine(address),
        _ => false,
    }
}

fn is_this_machine(address: &str) -> bool {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    matches!(host(rest), "localhost" | "127.0.0.1")
}

/// The host of an address without its scheme.
fn host(rest: &str) -> &str {
    rest.split(['/', ':', '?', '#']).next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// 2026-01-01 00:00 UTC.
    const AT: Instant = Instant(1_767_225_600_000_000);

    fn webhook(address: &str) -> Webhook {
        Webhook::new(address, None, None).unwrap()
    }

    fn refused(reason: &str) -> Answer {
        Answer::Refused { reason: reason.into(), is_gone: false }
    }

    /// Answers one call with a status, and gives what was asked.
    fn server(status: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut buffer = [0u8; 1024];
            while !String::from_utf8_lossy(&asked).contains("\"values\"") {
                let count = stream.read(&mut buffer).unwrap();
                asked.extend_from_slice(&buffer[..count]);
            }
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nLocation: /other\r\n\r\n").unwrap();
            String::from_utf8(asked).unwrap()
        });
        (address, thread)
    }

    #[test]
    fn a_call_is_one_post_with_its_key() {
        for (status, expected) in [
            ("200 OK", Answer::Taken(200)),
            ("204 No Content", Answer::Taken(204)),
            ("302 Found", refused("it answers 302, and redirections are not followed")),
            ("404 Not Found", refused("it answers 404")),
        ] {
            let (address, thread) = server(status);
            assert_eq!(webhook(&address).call("00ff", "{\"values\":1}", AT), expected);
            let asked = thread.join().unwrap();
            assert!(asked.starts_with("POST /hook HTTP/1.1\r\n"), "{asked}");
            let headers = asked.to_ascii_lowercase();
            for header in ["idempotency-key: 00ff", "webhook-id: 00ff", "webhook-timestamp: 1767225600"] {
                assert!(headers.contains(&format!("{header}\r\n")), "{asked}");
            }
            assert!(!headers.contains("webhook-signature"), "there is no key: {asked}");
            assert!(
                headers.contains("content-type: application/json\r\n") && asked.ends_with("{\"values\":1}"),
                "{asked}"
            );
        }
    }

    #[test]
    fn who_cannot_be_reached_is_called_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let later = Later { reason: "it cannot be reached".into(), not_before: None, is_away: true };
        assert_eq!(webhook(&address).call("00", "{}", AT), Answer::Later(later));
    }

    #[test]
    fn nobody_is_shown_what_an_address_may_hide() {
        for (address, shown) in [
            ("https://shop.example/hooks/canary?canary", "https://shop.example/…"),
            ("https://shop.example:444?canary", "https://shop.example:444/…"),
            ("http://localhost#canary", "http://localhost/…"),
        ] {
            let webhook = webhook(address);
            assert_eq!(webhook.shown(), shown);
            assert!(!format!("{webhook:?}").contains("canary"), "{webhook:?}");
        }
        assert_eq!(Webhook::new("http://shop.example", None, None).unwrap_err(), WebhookError::Address);
        let missing = Webhook::new("https://shop.example", None, Some(Path::new("missing.pem"))).unwrap_err();
        assert!(matches!(missing, WebhookError::Authority { .. }), "{missing:?}");
    }

    #[test]
    fn calls_leave_this_machine_protected_or_not_at_all() {
        for address in ["https://shop.example/hook", "http://localhost:8080/x", "http://127.0.0.1"] {
            assert!(may_be_webhook(address), "{address}");
        }
        for address in [
            "http://shop.example/hook",
            "https://",
            "ftp://shop.example",
            "shop.example",
            "https://a b/",
            "http://localhost:x@shop.example/",
        ] {
            assert!(!may_be_webhook(address), "{address}");
        }
    }
}
