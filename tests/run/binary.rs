//! A project on the disk and the real binary at work on it.

use super::outbox;
use rusqlite::Connection;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

pub const CONNECTIONS: usize = 4;

/// One scenario that sends at once; its CRM has contacts and what they subscribed to.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// A project that sends over a server, or writes files, and whose start is over: rows from now on count.
    pub fn started(server: Option<SocketAddr>) -> Project {
        Project::of("when subscribed list is \"news\" send email hello\n", server)
    }

    /// As [`Project::started`], of another scenario.
    pub fn of(scenario: &str, server: Option<SocketAddr>) -> Project {
        let server = server.map(|server| {
            format!(
                "[channels.email.server]\nhost = \"{}\"\nport = {}\ntls = \"none\"\nconnections = {CONNECTIONS}\n",
                server.ip(),
                server.port()
            )
        });
        Project::with(scenario, &server.unwrap_or_default())
    }

    /// As [`Project::of`], with these lines more in `scn.toml`, and the key of webhooks in the file `key`.
    pub fn with(scenario: &str, more: &str) -> Project {
        let project = Project { folder: tempfile::tempdir().unwrap() };
        let settings = "crm = \"crm.db\"\nstate = \"state.db\"\n[channels.email]\nfrom = \"Shop <shop@example.com>\"\n"
            .to_owned()
            + more;
        super::calls::write_key(&project.path("key"));
        fs::create_dir(project.path("templates")).unwrap();
        for (name, text) in [
            ("scn.toml", settings.as_str()),
            ("hello.scn", scenario),
            ("templates/hello.email.txt", "---\nsubject: hello\n---\nhello\n"),
        ] {
            fs::write(project.path(name), text).unwrap();
        }
        project
            .crm()
            .execute_batch(
                "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, tier TEXT);
             CREATE TABLE contact_tags(contact INTEGER, tags TEXT, rank INTEGER);
             CREATE INDEX contact_tags_of ON contact_tags(contact);
             CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at INTEGER, list TEXT);
             CREATE INDEX subscribed_contact ON subscribed(contact);",
            )
            .unwrap();
        assert_eq!(code(&project.once()), 0);
        project
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn crm(&self) -> Connection {
        Connection::open(self.path("crm.db")).unwrap()
    }

    pub fn state(&self) -> PathBuf {
        self.path("state.db")
    }

    /// The names of the files in the outbox.
    pub fn files(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.path("outbox")) else { return Vec::new() };
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// One contact an address, each of whom subscribes now.
    pub fn subscribe(&self, addresses: &[String]) {
        // A row is dated in whole seconds, and must not be before the start.
        std::thread::sleep(Duration::from_millis(1_050));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut db = self.crm();
        let transaction = db.transaction().unwrap();
        for (place, address) in addresses.iter().enumerate() {
            transaction.execute("INSERT INTO contact(id, email) VALUES (?, ?)", (place as i64, address)).unwrap();
            let row = (place as i64, place as i64, now as i64);
            transaction.execute("INSERT INTO subscribed VALUES (?, ?, ?, 'news')", row).unwrap();
        }
        transaction.commit().unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
        command.arg("run").args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    pub fn once(&self) -> Output {
        self.command(&["--once"]).output().unwrap()
    }

    /// As it is told.
    pub fn run_with(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Writes a file again.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs until it is stopped.
    pub fn spawn(&self) -> Child {
        self.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// How many messages are in a state; `None` while there is no such state.
    pub fn count(&self, state: &str) -> usize {
        outbox::states(&self.state()).get(state).copied().unwrap_or(0)
    }
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("killed: {output:?}"))
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits until something holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
