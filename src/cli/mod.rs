//! The command line: one file a command. Results go to standard output, everything else to standard error.

mod audit;
mod bug;
mod cache;
pub mod changed;
mod check;
pub mod compile;
pub mod completions;
pub mod configuration;
mod counted;
pub mod crm;
mod diff;
pub mod engagement;
mod exit;
pub mod explain;
pub mod findings;
pub mod fix;
mod fmt;
mod git;
pub mod graph;
pub mod import;
pub mod init;
pub mod instant;
mod mask;
pub mod new;
pub mod output;
mod page;
mod pressure;
pub mod project;
mod reach;
mod report;
pub mod run;
pub mod sample;
mod simulate;
pub mod sources;
mod span;
mod strangers;
pub mod surroundings;
mod tables;
pub mod test;
mod unfinished;
pub mod whole;
mod why;
pub mod words;

#[cfg(test)]
mod tests;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use exit::{Exit, Failure};

/// A language for customer journeys, and the engine that does exactly what it says.
#[derive(Debug, Parser)]
#[command(name = "scn", version, about, max_term_width = 100, after_help = "Example:\n  scn simulate scenarios")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Check(check::Arguments),
    Test(test::Arguments),
    Simulate(simulate::Arguments),
    Why(why::Arguments),
    Diff(diff::Arguments),
    Run(run::Arguments),
    Report(report::Arguments),
    Import(import::Arguments),
    Explain(explain::Arguments),
    Compile(compile::Arguments),
    Fmt(fmt::Arguments),
    Graph(graph::Arguments),
    Init(init::Arguments),
    New(new::Arguments),
    Words(words::Arguments),
    Crm(crm::Arguments),
    Cache(cache::Arguments),
    Completions(completions::Arguments),
}

/// Runs the command that the arguments name.
pub fn main() -> std::process::ExitCode {
    bug::install_hook();
    // The hook has said what there is to say.
    std::panic::catch_unwind(dispatch).unwrap_or(Exit::Bug).into()
}

/// The command line as it is parsed: every help says the exit codes, before its examples.
fn command() -> clap::Command {
    let with_codes = |command: clap::Command| {
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        command.after_help(format!("{}\n\n{examples}", exit::CODES))
    };
    with_codes(Arguments::command()).mut_subcommands(with_codes)
}

fn dispatch() -> Exit {
    let matches = command().try_get_matches();
    let arguments = match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Help and version are answers too; a closed pipe is not worth a word.
            let _ = answer.print();
            return if answer.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    arguments.command.run().unwrap_or_else(|failure| {
        output::notice(&failure.text());
        failure.exit
    })
}

impl Command {
    fn run(&self) -> Result<Exit, Failure> {
        match self {
            Command::Check(arguments) => check::run(arguments),
            Command::Test(arguments) => test::run(arguments),
            Command::Simulate(arguments) => simulate::run(arguments),
            Command::Why(arguments) => why::run(arguments),
            Command::Diff(arguments) => diff::run(arguments),
            Command::Run(arguments) => run::run(arguments),
            Command::Report(arguments) => report::run(arguments),
            Command::Import(arguments) => import::run(arguments),
            Command::Explain(arguments) => explain::run(arguments),
            Command::Compile(arguments) => compile::run(arguments),
            Command::Fmt(arguments) => fmt::run(arguments),
            Command::Graph(arguments) => graph::run(arguments),
            Command::Init(arguments) => init::run(arguments),
            Command::New(arguments) => new::run(arguments),
            Command::Words(arguments) => words::run(arguments),
            Command::Crm(arguments) => crm::run(arguments),
            Command::Cache(arguments) => cache::run(arguments),
            Command::Completions(arguments) => completions::run(arguments),
        }
    }
}
