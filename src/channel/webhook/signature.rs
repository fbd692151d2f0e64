//! Signing a call, so that who is called knows that it is ours, whole and new: Standard Webhooks 1.0, symmetric.

use crate::channel::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use std::fmt;

/// How many bytes a key has (Standard Webhooks, "Signature scheme").
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that signs calls; it is never printed.
#[derive(Clone)]
pub(super) struct SigningKey(hmac::Key);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl SigningKey {
    /// Reads a key as Standard Webhooks writes it: Base64, with or without `whsec_` before it.
    pub fn parse(secret: &Secret) -> Option<SigningKey> {
        let written = secret.expose().trim();
        let bytes = STANDARD.decode(written.strip_prefix("whsec_").unwrap_or(written)).ok()?;
        BYTES.contains(&bytes.len()).then(|| SigningKey(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The header `webhook-signature` of a call that is made at this second.
    pub fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::SecretReference;

    fn secret(text: &str) -> Secret {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        SecretReference::parse("file:key").unwrap().resolve(folder.path()).unwrap()
    }

    #[test]
    fn another_implementation_verifies_what_is_signed() {
        let written = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let verifier = standardwebhooks::Webhook::new(written).unwrap();
        for text in [written, written.trim_start_matches("whsec_")] {
            let key = SigningKey::parse(&secret(text)).unwrap();
            for (id, at, body) in [("00ff", 1_767_225_600, "{\"a\":\"é\"}"), ("x", 0, ""), ("x", -1, "{}")] {
                let expected = verifier.sign(id, at, body.as_bytes()).unwrap();
                assert_eq!(key.sign(id, at, body), expected, "{id} {at} {body}");
            }
            assert!(!format!("{key:?}").contains("MfKQ"));
        }
    }

    #[test]
    fn a_key_is_base64_of_24_to_64_bytes() {
        let coded = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for (text, is_key) in [
            (coded(23), false),
            (coded(24), true),
            (coded(64), true),
            (coded(65), false),
            ("whsec_".into(), false),
            ("hunter2".into(), false),
        ] {
            assert_eq!(SigningKey::parse(&secret(&text)).is_some(), is_key, "{text}");
        }
    }
}
