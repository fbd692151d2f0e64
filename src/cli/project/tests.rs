use super::*;
use std::fs;
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The files of a project: `*` before a selected one, its name without the folder of the test, its own folder and stem.
fn files(project: &Project, folder: &TempDir) -> Vec<String> {
    let shown = |file: &InputFile| {
        let name = &project.input.sources.get(file.source).unwrap().name;
        let name = Path::new(name).strip_prefix(folder.path()).unwrap().display();
        format!("{}{name} ({}) {}", if file.selected { "*" } else { "" }, file.folder, file.stem)
    };
    project.input.files.iter().map(shown).collect()
}

fn open(folder: &TempDir, paths: &[&str]) -> Vec<Project> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| folder.path().join(path)).collect();
    Project::open(&paths).unwrap()
}

const SHOP: [(&str, &str); 9] = [
    ("scn.toml", "zone = \"Europe/Paris\""),
    ("model.scn", "a"),
    ("renewal/renewal.scn", "b"),
    ("renewal/renewal.test.scn", "c"),
    ("renewal/deep/er/z.scn", "d"),
    (".git/x.scn", "hidden"),
    ("target/x.scn", "built"),
    ("outbox/x.scn", "sent"),
    ("renewal/templates/reminder.email.html", "not ours"),
];

#[test]
fn a_project_is_the_folder_of_its_configuration() {
    let shop = folder(&SHOP);
    let all = ["model.scn () model", "renewal/deep/er/z.scn (renewal/deep/er) z"];
    let renewal = ["renewal/renewal.scn (renewal) renewal", "renewal/renewal.test.scn (renewal) renewal.test"];
    let cases: [(&[&str], Vec<String>); 5] = [
        (&[""], all.iter().chain(&renewal).map(|file| format!("*{file}")).collect()),
        (
            &["renewal"],
            vec![all[0].into(), format!("*{}", all[1]), format!("*{}", renewal[0]), format!("*{}", renewal[1])],
        ),
        (
            &["renewal/renewal.scn"],
            vec![all[0].into(), all[1].into(), format!("*{}", renewal[0]), format!("*{}", renewal[1])],
        ),
        (
            &["renewal/renewal.test.scn"],
            vec![all[0].into(), all[1].into(), format!("*{}", renewal[0]), format!("*{}", renewal[1])],
        ),
        (
            &["model.scn", "renewal/deep"],
            vec![format!("*{}", all[0]), format!("*{}", all[1]), renewal[0].into(), renewal[1].into()],
        ),
    ];
    for (paths, expected) in cases {
        let projects = open(&shop, paths);
        assert_eq!(projects.len(), 1, "{paths:?}");
        assert_eq!(files(&projects[0], &shop), expected, "{paths:?}");
        assert_eq!(projects[0].settings.meaning.zone.name(), "Europe/Paris");
        assert_eq!(projects[0].diagnostics, []);
    }
}

#[test]
fn without_a_configuration_the_path_given_is_the_project() {
    let plain = folder(&SHOP[1..]);
    assert_eq!(files(&open(&plain, &["renewal/deep"])[0], &plain), ["*renewal/deep/er/z.scn (er) z"]);
    assert_eq!(files(&open(&plain, &["model.scn"])[0], &plain), ["*model.scn () model"]);
    let both = open(&plain, &["model.scn", "renewal/renewal.scn"]);
    assert_eq!(both.len(), 2, "files of two folders are two projects");
    assert_eq!(both[1].selected, 2);
}

#[test]
fn a_file_that_is_not_utf8_is_a_finding_and_the_others_stay() {
    let shop = folder(&[("a.scn", "when"), ("c.scn", "when")]);
    fs::write(shop.path().join("b.scn"), b"# caf\xe9\nwhen").unwrap();
    let project = &open(&shop, &[""])[0];
    assert_eq!(files(project, &shop), ["*a.scn () a", "*c.scn () c"]);
    let [found] = project.diagnostics.as_slice() else { panic!("{:?}", project.diagnostics) };
    assert_eq!(found.rule, Rule::NotUtf8);
    assert!(found.message.ends_with("b.scn` is not UTF-8: byte 0xE9 at place 5"), "{}", found.message);
    let place = found.span().unwrap();
    assert_eq!((place.start, project.input.sources.position(place)), (5, (1, 6)));
    assert!(project.input.sources.get(place.source).unwrap().name.ends_with("b.scn"));
    assert_eq!(project.selected, 3);
    assert_eq!(open(&shop, &["", "a.scn"])[0].diagnostics.len(), 1);
    assert_eq!(open(&shop, &["a.scn"])[0].diagnostics, [], "a file alone is judged alone");
    fs::write(shop.path().join("scn.toml"), "").unwrap();
    let [found] = open(&shop, &["a.scn"])[0].diagnostics.clone().try_into().unwrap();
    assert_eq!(found.rule, Rule::NotUtf8, "its names are missed in the others of its project");
}

#[test]
fn an_empty_folder_is_a_finding() {
    let shop = folder(&[("scn.toml", ""), ("a.scn", "when"), ("empty/notes.txt", "")]);
    let project = &open(&shop, &["empty"])[0];
    assert_eq!(project.diagnostics.iter().map(|found| found.rule).collect::<Vec<_>>(), [Rule::EmptyFolder]);
    assert_eq!(project.selected, 0);
    assert_eq!(open(&shop, &[""])[0].diagnostics, []);
}

#[test]
fn a_path_that_cannot_be_read_is_a_failure() {
    let shop = folder(&[]);
    let failure = Project::open(&[shop.path().join("no.scn")]).unwrap_err();
    assert_eq!(failure.exit, super::super::exit::Exit::InputOutput);
    assert!(failure.message.ends_with("no.scn`: no such file or directory"), "{}", failure.message);
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_not_entered_and_links_to_files_are_read() {
    let shop = folder(&[("a/a.scn", "when")]);
    std::os::unix::fs::symlink(shop.path(), shop.path().join("a/loop")).unwrap();
    std::os::unix::fs::symlink(shop.path().join("a/a.scn"), shop.path().join("b.scn")).unwrap();
    assert_eq!(files(&open(&shop, &[""])[0], &shop), ["*a/a.scn (a) a", "*b.scn () b"]);
}

#[test]
fn what_is_wrong_in_the_configuration_is_shown_in_it() {
    let shop = folder(&[("scn.toml", "currancy = \"EUR\"\npassword = \"canary\"\n"), ("a.scn", "when")]);
    let project = &open(&shop, &[""])[0];
    assert_eq!(project.diagnostics[0].rule, Rule::ConfigurationWrong);
    let source = project.input.sources.get(project.diagnostics[0].span().unwrap().source).unwrap();
    assert!(source.name.ends_with("scn.toml"));
    assert!(!source.text.contains("canary"));
    assert_eq!(project.input.files.len(), 1, "the texts are still read");
}
