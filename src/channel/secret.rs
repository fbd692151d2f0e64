//! Passwords: never written in a configuration, only where they are.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a secret is: `env:NAME` or `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    Environment(String),
    /// Relative to the project's folder.
    File(PathBuf),
}

/// A secret; it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why there is no secret. It never carries one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// Neither `env:` nor `file:`; the text may be the secret itself.
    Literal,
    NoName,
    NotSet(String),
    NotUtf8(String),
    Unreadable {
        path: PathBuf,
        reason: String,
    },
    /// Others than its owner may read the file.
    Open {
        path: PathBuf,
    },
    Empty(String),
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretError::Literal => {
                f.write_str("a secret is not written here; write `env:NAME` or `file:PATH`, where it is")
            }
            SecretError::NoName => f.write_str("`env:` and `file:` want a name after the colon"),
            SecretError::NotSet(name) => write!(f, "the environment variable `{name}` is not set"),
            SecretError::NotUtf8(name) => write!(f, "the secret in `{name}` is not UTF-8"),
            SecretError::Unreadable { path, reason } => {
                write!(f, "cannot read the secret in `{}`: {reason}", path.display())
            }
            SecretError::Open { path } => {
                write!(f, "others may read the secret in `{0}`; `chmod 600 {0}` keeps it", path.display())
            }
            SecretError::Empty(name) => write!(f, "the secret in `{name}` is empty"),
        }
    }
}

impl std::error::Error for SecretError {}

impl SecretReference {
    /// Reads a reference.
    ///
    /// # Errors
    ///
    /// The text is no reference.
    pub fn parse(text: &str) -> Result<SecretReference, SecretError> {
        let reference = if let Some(name) = text.strip_prefix("env:") {
            SecretReference::Environment(name.to_owned())
        } else if let Some(path) = text.strip_prefix("file:") {
            SecretReference::File(PathBuf::from(path))
        } else {
            return Err(SecretError::Literal);
        };
        match &reference {
            SecretReference::Environment(name) if name.is_empty() || name.contains(['=', '\0']) => {
                Err(SecretError::NoName)
            }
            SecretReference::File(path) if path.as_os_str().is_empty() => Err(SecretError::NoName),
            _ => Ok(reference),
        }
    }

    /// Fetches the secret. A file's last line feed is not part of it.
    ///
    /// # Errors
    ///
    /// There is none, or anybody could read it.
    pub fn resolve(&self, project: &Path) -> Result<Secret, SecretError> {
        match self {
            SecretReference::Environment(name) => match std::env::var(name) {
                Ok(secret) if secret.is_empty() => Err(SecretError::Empty(name.clone())),
                Ok(secret) => Ok(Secret(secret)),
                Err(std::env::VarError::NotPresent) => Err(SecretError::NotSet(name.clone())),
                Err(std::env::VarError::NotUnicode(_)) => Err(SecretError::NotUtf8(name.clone())),
            },
            SecretReference::File(path) => read_file(&project.join(path)),
        }
    }
}

fn read_file(path: &Path) -> Result<Secret, SecretError> {
    let unreadable =
        |error: std::io::Error| SecretError::Unreadable { path: path.to_path_buf(), reason: error.to_string() };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SecretError::Open { path: path.to_path_buf() });
        }
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let shown = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|_| SecretError::NotUtf8(shown.clone()))?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() { Err(SecretError::Empty(shown)) } else { Ok(Secret(secret.to_owned())) }
}

impl Secret {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_references_are_read() {
        let environment = |name: &str| Ok(SecretReference::Environment(name.into()));
        for (text, expected) in [
            ("env:SMTP_PASSWORD", environment("SMTP_PASSWORD")),
            ("file:secrets/smtp", Ok(SecretReference::File("secrets/smtp".into()))),
            ("hunter2", Err(SecretError::Literal)),
            ("", Err(SecretError::Literal)),
            ("ENV:X", Err(SecretError::Literal)),
            ("env:", Err(SecretError::NoName)),
            ("file:", Err(SecretError::NoName)),
            ("env:A=B", Err(SecretError::NoName)),
        ] {
            assert_eq!(SecretReference::parse(text), expected, "{text}");
        }
        assert!(!SecretError::Literal.to_string().contains("hunter2"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_must_be_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("smtp");
        let reference = SecretReference::parse("file:smtp").unwrap();
        assert!(matches!(reference.resolve(folder.path()), Err(SecretError::Unreadable { .. })));
        fs::write(&path, "canary\r\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(reference.resolve(folder.path()), Err(SecretError::Open { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let secret = reference.resolve(folder.path()).unwrap();
        assert_eq!(secret.expose(), "canary");
        assert!(!format!("{secret:?}").contains("canary"));
        fs::write(&path, "\n").unwrap();
        assert!(matches!(reference.resolve(folder.path()), Err(SecretError::Empty(_))));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let reference = SecretReference::parse("env:SCN_TEST_NO_SUCH_VARIABLE").unwrap();
        let error = reference.resolve(Path::new(".")).unwrap_err();
        assert_eq!(error, SecretError::NotSet("SCN_TEST_NO_SUCH_VARIABLE".into()));
    }
}
