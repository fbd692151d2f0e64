//! Histories that are kept: the same bytes as from the CRM, and never those of another time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test panics where it fails, and changes CRMs behind the back of what is tested"
)]

#[path = "cache/damage.rs"]
mod damage;
#[path = "cache/fresh.rs"]
mod fresh;
#[path = "cache/same.rs"]
mod same;
#[path = "run/shop.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod shop;
#[path = "cache/views.rs"]
mod views;

use rusqlite::Connection;
use scn::drivers::simulate::{ReadFrom, Request, Simulation, simulate};
use scn::store::cache::Settings;
use scn::store::crm::Crm;
use shop::Shop;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How coarse the clock of a file system in these tests is held to be.
const COARSE: Duration = Duration::from_millis(10);

/// A shop whose histories are kept.
struct Kept {
    shop: Shop,
    settings: Settings,
}

impl Kept {
    /// A shop with this CRM, whose scenarios are this text.
    fn new(text: &str, sql: &str) -> Kept {
        let shop = Shop::new(text, "Europe/Paris", &[shop::template("email", "reminder", "hello")]);
        let settings = Settings { coarse: COARSE, chunk: 50, ..Settings::in_folder(shop.folder.path().join("cache")) };
        let kept = Kept { shop, settings };
        kept.connect().execute_batch(sql).unwrap();
        kept.wait();
        kept
    }

    fn crm(&self) -> PathBuf {
        self.shop.crm()
    }

    /// A connection of somebody else.
    fn connect(&self) -> Connection {
        let connection = Connection::open(self.crm()).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        connection
    }

    /// Until what was changed is no longer just now.
    fn wait(&self) {
        std::thread::sleep(COARSE * 3);
    }

    fn request(&self, threads: usize, cache: bool) -> Request {
        Request { threads, cache: cache.then(|| self.settings.clone()), ..Request::default() }
    }

    fn simulate(&self, request: &Request) -> (String, Simulation) {
        let mut bytes = Vec::new();
        let simulation =
            simulate(&self.shop.bundle, &Crm::open(&self.crm()).unwrap(), request, Some(&mut bytes)).unwrap();
        (String::from_utf8(bytes).unwrap(), simulation)
    }

    /// What the CRM says.
    fn cold(&self) -> String {
        self.simulate(&self.request(1, false)).0
    }

    /// What comes of it with a cache, and where it was read.
    fn asked(&self) -> (String, ReadFrom) {
        let (effects, simulation) = self.simulate(&self.request(2, true));
        (effects, simulation.report.read_from)
    }

    /// Simulates until the history is kept, and then from there.
    fn warm_up(&self) {
        self.wait();
        self.asked();
        let (effects, read_from) = self.asked();
        assert_eq!(read_from, ReadFrom::Cache);
        assert_eq!(effects, self.cold());
    }

    /// The caches that there are.
    fn files(&self) -> Vec<PathBuf> {
        files(&self.settings.folder)
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
