//! Telling another program, by HTTP: one `POST` of JSON, with the key of the call as its `Idempotency-Key`.
//!
//! A call may arrive twice with the same key: whoever is called tells a second from a first by it
//! (draft-ietf-httpapi-idempotency-key-header).

use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// From connecting to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A status of 200 to 299.
    Taken(u16),
    /// To be called again: no answer, 408, 425, 429, or a trouble of the server (500 to 599).
    Later(String),
    /// It will not be taken: a redirection, or a fault of ours (400 to 499).
    Refused(String),
}

/// Calls webhooks; connections are kept for the next call.
#[derive(Debug)]
pub struct Caller {
    agent: ureq::Agent,
}

impl Default for Caller {
    fn default() -> Caller {
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<Certificate<'static>> =
            roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Caller { agent: config.into() }
    }
}

impl Caller {
    /// Calls one webhook. The answer names no address and nothing of the body.
    pub fn call(&self, address: &str, key: &str, body: &str) -> Answer {
        let request = self.agent.post(address).content_type("application/json").header("Idempotency-Key", key);
        match request.send(body) {
            Ok(response) => judged(response.status().as_u16()),
            Err(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => Answer::Refused("its address is none".into()),
            Err(ureq::Error::Timeout(_)) => Answer::Later("it does not answer in time".into()),
            Err(_) => Answer::Later("it cannot be reached".into()),
        }
    }
}

fn judged(status: u16) -> Answer {
    match status {
        200..=299 => Answer::Taken(status),
        408 | 425 | 429 | 500..=599 => Answer::Later(format!("it answers {status}")),
        _ => Answer::Refused(format!("it answers {status}")),
    }
}

/// Whether calls can go to an address: protected ones, and to this machine any.
pub fn may_be_webhook(address: &str) -> bool {
    let host = |rest: &str| rest.split(['/', ':', '?', '#']).next().unwrap_or("").to_owned();
    // What stands before an `@` is no host, whatever it looks like.
    if address.contains('@') {
        return false;
    }
    match (address.strip_prefix("https://"), address.strip_prefix("http://")) {
        (Some(rest), _) => !host(rest).is_empty() && !address.contains(char::is_whitespace),
        (_, Some(rest)) => matches!(host(rest).as_str(), "localhost" | "127.0.0.1"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

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
    fn a_call_is_one_post_with_its_key_and_each_status_has_one_meaning() {
        for (status, expected) in [
            ("200 OK", Answer::Taken(200)),
            ("204 No Content", Answer::Taken(204)),
            ("302 Found", Answer::Refused("it answers 302".into())),
            ("404 Not Found", Answer::Refused("it answers 404".into())),
            ("429 Too Many Requests", Answer::Later("it answers 429".into())),
            ("503 Service Unavailable", Answer::Later("it answers 503".into())),
        ] {
            let (address, thread) = server(status);
            assert_eq!(Caller::default().call(&address, "00ff", "{\"values\":1}"), expected);
            let asked = thread.join().unwrap();
            assert!(asked.starts_with("POST /hook HTTP/1.1\r\n"), "{asked}");
            let headers = asked.to_ascii_lowercase();
            assert!(headers.contains("idempotency-key: 00ff\r\n"), "{asked}");
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
        assert_eq!(Caller::default().call(&address, "00", "{}"), Answer::Later("it cannot be reached".into()));
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
