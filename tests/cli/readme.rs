//! The README is executed: every command of its `console` blocks ends well, and prints the lines that stand below it.

use crate::folder;
use std::path::Path;
use std::process::Command;

/// The commands of the README in their order, each with what it is said to print.
fn commands(text: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for block in text.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, printed))) => printed.push(line.to_owned()),
                (None, None) => panic!("`{line}` is printed by no command"),
            }
        }
    }
    commands
}

#[cfg(unix)]
#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let home = folder(&[]);
    let binaries = Path::new(env!("CARGO_BIN_EXE_scn")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut here = home.path().to_owned();
    let commands = commands(&text);
    assert!(commands.len() > 10, "the blocks are found");
    for (command, printed) in commands {
        if let Some(folder) = command.strip_prefix("cd ") {
            here = here.join(folder);
            continue;
        }
        let mut shell = Command::new("sh");
        let output = shell.args(["-c", &command]).current_dir(&here).env("PATH", &path).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "`{command}`\n{out}\n{err}");
        let mut lines = out.lines();
        for line in &printed {
            assert!(lines.any(|each| each == line), "`{command}` does not print `{line}` there\n{out}");
        }
    }
}

#[test]
fn the_two_commands_and_the_sentence_stand_in_it() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for said in ["cargo run --release -- simulate scenarios", "\ncargo test", crate::SENTENCE] {
        assert!(text.contains(said), "{said}");
    }
}
