//! A CRM, its scenarios, a state and an outbox in one folder, and the run that works on them.

use rusqlite::Connection;
use scn::channel::{EmailSettings, Presentation, Templates, Webhook};
use scn::compile::{Input, InputFile, compile};
use scn::diagnostic::Level;
use scn::drivers::Error;
use scn::drivers::run::{Delivery, Post, Refusal, Run, Setup};
use scn::engine::Value;
use scn::ir::Bundle;
use scn::model::{Configuration, Literal, Surroundings};
use scn::store::ErrorKind;
use scn::store::crm::Crm;
use scn::time::{Instant, Zone};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

pub struct Shop {
    pub folder: TempDir,
    pub bundle: Bundle,
    pub templates: Arc<Templates>,
    pub post: Post,
    pub webhooks: Arc<BTreeMap<String, Webhook>>,
}

/// What measures told, by their names and refreshes.
pub type Told = BTreeMap<(String, Instant), Value>;

/// A file of templates: its name without `templates/`, and its text.
pub type TemplateFile = (String, String);

/// The template of a message whose text is `body`.
pub fn template(channel: &str, message: &str, body: &str) -> TemplateFile {
    let head = if channel == "email" { "---\nsubject: hello\n---\n" } else { "" };
    (format!("{message}.{channel}.txt"), format!("{head}{body}\n"))
}

impl Shop {
    /// A shop without a CRM yet.
    pub fn new(text: &str, zone: &str, templates_of_it: &[TemplateFile]) -> Shop {
        let folder = folder_in_memory();
        fs::create_dir_all(folder.path().join("templates")).unwrap();
        fs::create_dir_all(folder.path().join("kept")).unwrap();
        let bundle = compiled("", zone, None);
        let templates = Arc::new(Templates::load(folder.path(), &[], &shown(zone)).unwrap());
        let mut shop = Shop { folder, bundle, templates, post: Post::Files, webhooks: Arc::default() };
        shop.write_templates(templates_of_it);
        shop.edit(text, zone);
        shop
    }

    pub fn write_templates(&self, templates: &[TemplateFile]) {
        for (name, text) in templates {
            fs::write(self.folder.path().join("templates").join(name), text).unwrap();
        }
    }

    /// Reads the templates again, and compiles another text.
    pub fn edit(&mut self, text: &str, zone: &str) {
        self.templates = Arc::new(Templates::load(self.folder.path(), &[], &shown(zone)).unwrap());
        self.bundle = compiled(text, zone, Some(&self.templates));
    }

    pub fn crm(&self) -> PathBuf {
        self.folder.path().join("crm.db")
    }

    /// Where state and outbox lie, so that both can be copied at once.
    pub fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    pub fn state(&self) -> PathBuf {
        self.kept().join("state.db")
    }

    pub fn outbox(&self) -> PathBuf {
        self.kept().join("outbox")
    }

    /// Changes the CRM.
    pub fn sql(&self, sql: &str) {
        Connection::open(self.crm()).unwrap().execute_batch(sql).unwrap();
    }

    /// What measures told the run.
    pub fn told(&self) -> Told {
        let db = Connection::open(self.state()).unwrap();
        let mut statement = db.prepare("SELECT measure, at, value FROM scn_measure").unwrap();
        let told = statement.query_map([], |row| Ok(((row.get(0)?, Instant(row.get(1)?)), row.get::<_, String>(2)?)));
        let value = |json: String| {
            let literal: Option<Literal> = serde_json::from_str(&json).unwrap();
            literal.as_ref().map_or(Value::Missing, Value::from)
        };
        told.unwrap().map(Result::unwrap).map(|(key, json)| (key, value(json))).collect()
    }

    pub fn try_open(&self, now: Instant) -> Result<Run, Refusal> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("run-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let delivery = Delivery {
            templates: Arc::clone(&self.templates),
            outbox: self.outbox(),
            caches: vec![self.folder.path().join("cache")],
            email: Some(EmailSettings::parse("Shop <shop@example.com>", None).unwrap()),
            post: self.post.clone(),
            webhooks: Arc::clone(&self.webhooks),
        };
        let (crm, state) = (Crm::open(&self.crm()).unwrap(), self.state());
        Run::open(Setup { bundle: &self.bundle, crm, state: &state, delivery }, &name, now)
    }

    pub fn open(&self, now: Instant) -> Run {
        // A process that another test starts holds what is open here, for a moment: until it is that program.
        let is_locked = |refusal: &Refusal| matches!(refusal, Refusal::Error(Error::Store(error)) if error.kind == ErrorKind::Locked);
        for _ in 0..1_000 {
            match self.try_open(now) {
                Err(refusal) if is_locked(&refusal) => std::thread::sleep(Duration::from_millis(2)),
                opened => return opened.unwrap_or_else(|refusal| panic!("{refusal:?}")),
            }
        }
        panic!("the state stays locked")
    }
}

/// These tests are not about the disk: where there is a file system in memory, they do not wait for one.
fn folder_in_memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = memory.is_dir().then(|| tempfile::tempdir_in(memory).ok()).flatten();
    made.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

fn shown(zone: &str) -> Presentation {
    Presentation { zone: Zone::named(zone).unwrap(), ..Presentation::default() }
}

fn compiled(text: &str, zone: &str, templates: Option<&Templates>) -> Bundle {
    let mut input = Input::default();
    let source = input.sources.add("story.scn", text);
    input.files.push(InputFile { source, stem: "story".into(), folder: String::new(), selected: true });
    let configuration = Configuration { zone: Zone::named(zone).unwrap(), ..Configuration::default() };
    let templates = templates.map(|templates| templates.shapes().to_vec());
    let compiled = compile(&input, &Surroundings { templates, crm: None }, &configuration);
    let errors: Vec<&String> =
        compiled.diagnostics.iter().filter(|found| found.level == Level::Error).map(|found| &found.message).collect();
    compiled.bundle.unwrap_or_else(|| panic!("the text does not compile: {errors:#?}\n{text}"))
}
