//! The scenarios that come with `scn`, as they lie under `scenarios/`.

use include_dir::{Dir, include_dir};

/// A scenario of the library: its folder.
pub struct Scenario {
    pub name: &'static str,
    folder: Dir<'static>,
}

/// Sorted by name.
pub static SCENARIOS: [Scenario; 17] = [
    Scenario { name: "abandoned_cart", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/abandoned_cart") },
    Scenario { name: "birthday", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/birthday") },
    Scenario { name: "complementary", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/complementary") },
    Scenario { name: "loyalty", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/loyalty") },
    Scenario { name: "overdue", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/overdue") },
    Scenario { name: "quiz", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/quiz") },
    Scenario { name: "reactivation", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/reactivation") },
    Scenario { name: "recurrent", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/recurrent") },
    Scenario { name: "referral", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/referral") },
    Scenario { name: "renewal", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/renewal") },
    Scenario { name: "renewal_digest", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/renewal_digest") },
    Scenario { name: "retention", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/retention") },
    Scenario { name: "review", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/review") },
    Scenario { name: "second_purchase", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/second_purchase") },
    Scenario { name: "stock_alert", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/stock_alert") },
    Scenario { name: "thank_you", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/thank_you") },
    Scenario { name: "welcome", folder: include_dir!("$CARGO_MANIFEST_DIR/scenarios/welcome") },
];

/// The currency in which the library counts: that of `scenarios/scn.toml`.
pub const CURRENCY: &str = "GBP";

pub fn find(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    /// Its files with their texts, each by its path in the folder, sorted.
    pub fn files(&'static self) -> Vec<(&'static str, &'static str)> {
        let mut files = Vec::new();
        let mut folders = vec![&self.folder];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            files.extend(folder.files().filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?))));
        }
        files.sort_unstable();
        files
    }

    /// The heading of its README.
    pub fn heading(&'static self) -> &'static str {
        let readme = self.folder.get_file("README.md").and_then(|file| file.contents_utf8()).unwrap_or("");
        readme.lines().next().unwrap_or("").trim_start_matches('#').trim()
    }
}

#[cfg(test)]
mod tests {
    use super::{CURRENCY, SCENARIOS};

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the folder is what the library is made from")]
    fn the_library_is_the_folder() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir() && !path.ends_with("sample"))
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, SCENARIOS.each_ref().map(|scenario| scenario.name));
        for scenario in &SCENARIOS {
            assert!(!scenario.heading().is_empty(), "{}", scenario.name);
            let files = scenario.files();
            assert!(files.iter().any(|(path, _)| *path == format!("{}.scn", scenario.name)), "{}", scenario.name);
        }
        let settings = std::fs::read_to_string(folder.join("scn.toml")).unwrap();
        assert!(settings.contains(&format!("currency = \"{CURRENCY}\"")));
    }
}
