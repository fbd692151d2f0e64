use super::*;
use clap::CommandFactory;

#[test]
fn the_arguments_are_sound() {
    Arguments::command().debug_assert();
}

/// The examples of a command: the last lines of its help, as arguments.
fn examples(command: &clap::Command) -> Vec<Vec<String>> {
    let help = command.clone().render_long_help().to_string();
    let lines = help.trim_end().lines().rev().take_while(|line| !matches!(*line, "Example:" | "Examples:"));
    let lines: Vec<&str> = lines.collect();
    assert!(lines.iter().all(|line| line.starts_with("  scn ")), "{help}");
    lines.iter().map(|line| words(line.trim())).collect()
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in line.split('"').enumerate() {
        match place % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[test]
fn every_help_ends_with_examples_that_are_accepted() {
    let all = super::command();
    for command in std::iter::once(&all).chain(all.get_subcommands()) {
        let help = command.clone().render_long_help().to_string();
        assert!(help.contains(exit::CODES), "{help}");
        for words in examples(command) {
            assert_eq!(words[0], "scn");
            if command.get_name() != "scn" {
                assert_eq!(words[1], command.get_name());
            }
            Arguments::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        }
    }
}

#[test]
fn every_command_has_words_about_itself_and_its_options() {
    for command in Arguments::command().get_subcommands() {
        let about = command.get_about().unwrap().to_string();
        assert!(!about.ends_with('.'), "{about}");
        for argument in command.get_arguments().filter(|argument| argument.get_long().is_some()) {
            assert!(argument.get_help().is_some(), "{} {:?}", command.get_name(), argument.get_long());
        }
    }
}
