use super::*;
use clap::CommandFactory;

#[test]
fn the_arguments_are_sound() {
    Arguments::command().debug_assert();
}

/// The example of a command: the last line of its help, as arguments.
fn example(command: &clap::Command) -> Vec<String> {
    let help = command.clone().render_long_help().to_string();
    let mut lines = help.trim_end().lines().rev();
    let line = lines.next().unwrap().trim().to_owned();
    assert_eq!(lines.next().unwrap(), "Example:", "{help}");
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
fn every_help_ends_with_an_example_that_is_accepted() {
    let all = Arguments::command();
    for command in std::iter::once(&all).chain(all.get_subcommands()) {
        let words = example(command);
        assert_eq!(words[0], "scn");
        if command.get_name() != "scn" {
            assert_eq!(words[1], command.get_name());
        }
        Arguments::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
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
