//! Findings of one command, from all its projects, and how they are printed.

use super::counted::{counted, verb};
use super::exit::{Exit, Failure};
use super::project::Project;
use super::{configuration, output};
use crate::compile::{self, Compiled};
use crate::diagnostic::render::{self, Count};
use crate::diagnostic::{Diagnostic, Level, Rule, Silence, Silenced, settle};
use crate::model::Surroundings;
use crate::span::{SourceId, Sources, Span};

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// A JSON array
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// One line each, as compilers print them
    Line,
    /// Annotations of GitHub Actions
    Github,
    /// A Code Quality report of GitLab
    Gitlab,
}

/// Findings, with the texts they point into.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub sources: Sources,
    pub diagnostics: Vec<Diagnostic>,
    /// Those that comments keep from counting.
    pub silenced: Vec<Silenced>,
    /// Whether something is in error by itself, whatever levels the project gives: then the texts mean nothing.
    pub in_error: bool,
    /// Where the pages of the rules are, as the project says (`check.pages`).
    pub pages: Option<String>,
    /// How many files were judged.
    pub files: usize,
}

impl Findings {
    /// Compiles the selected files of a project, and gives its findings beside the result, with the levels that the project
    /// gives them.
    pub fn of(project: &Project, surroundings: &Surroundings) -> (Compiled, Findings) {
        let (compiled, mut findings) = Findings::unsettled(project, surroundings);
        findings.settle(project, &compiled.silences, surroundings, false);
        (compiled, findings)
    }

    /// As [`Findings::of`], before levels and silences: for who finds more in the same texts.
    pub fn unsettled(project: &Project, surroundings: &Surroundings) -> (Compiled, Findings) {
        let compiled = compile::compile(&project.input, surroundings, &project.settings.meaning);
        let mut diagnostics = project.diagnostics.clone();
        let is_unread = diagnostics
            .iter()
            .any(|diagnostic| matches!(diagnostic.rule, Rule::FileUnreadable | Rule::NotUtf8 | Rule::TooLarge));
        let misconfigured =
            is_unread || diagnostics.iter().any(|diagnostic| diagnostic.rule == Rule::ConfigurationWrong);
        // What a file declares that cannot be read is missed by others.
        let follows = |diagnostic: &Diagnostic| match diagnostic.rule {
            Rule::ForeignCurrency => misconfigured,
            Rule::UnknownName | Rule::UnknownField | Rule::UnknownType | Rule::NeverStarted => is_unread,
            _ => false,
        };
        diagnostics.extend(compiled.diagnostics.iter().filter(|diagnostic| !follows(diagnostic)).cloned());
        let in_error = diagnostics.iter().any(|found| found.level == Level::Error);
        let sources = compiled.sources.clone();
        let pages = project.settings.pages.clone();
        (compiled, Findings { sources, diagnostics, silenced: Vec::new(), in_error, pages, files: project.selected })
    }

    /// Gives the findings of one project their levels, and takes out what its comments silence. `surroundings` and `rows`
    /// say what was looked at, so that nobody is told that a silence about the rows of a CRM is not used where nobody read them.
    pub fn settle(&mut self, project: &Project, silences: &[Silence], surroundings: &Surroundings, rows: bool) {
        let looked = |rule: Rule| match rule.family() {
            'D' => rows,
            'M' => surroundings.templates.is_some(),
            _ => true,
        };
        self.silenced = settle(&mut self.diagnostics, &project.settings.levels, silences, looked);
    }

    /// Adds those of another project.
    pub fn absorb(&mut self, other: Findings) {
        let shift = self.sources.iter().count();
        for (_, source) in other.sources.iter() {
            self.sources.add(source.name.clone(), source.text.clone());
        }
        self.files += other.files;
        self.in_error |= other.in_error;
        self.pages = self.pages.take().or(other.pages);
        let shift = u32::try_from(shift).unwrap_or(u32::MAX);
        let moved = |span: Span| Span { source: SourceId(span.source.0.saturating_add(shift)), ..span };
        self.diagnostics.extend(other.diagnostics.into_iter().map(|found| found.moved(moved)));
        self.silenced.extend(
            other
                .silenced
                .into_iter()
                .map(|silenced| Silenced { diagnostic: silenced.diagnostic.moved(moved), reason: silenced.reason }),
        );
    }

    /// The exit code of a command that does nothing but look: notes never count.
    pub fn exit(&self) -> Exit {
        if self.diagnostics.iter().any(|diagnostic| diagnostic.rule == Rule::ConfigurationWrong) {
            Exit::Configuration
        } else if Count::of(&self.diagnostics).is_clean() {
            Exit::Done
        } else {
            Exit::Findings
        }
    }

    /// Prints them as the result of the command.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print(&self, format: Format) -> Result<(), Failure> {
        let Findings { sources, diagnostics, silenced, .. } = self;
        let pages = self.pages.as_deref();
        match format {
            Format::Human => {
                let summary = render::summary(Count::of(diagnostics), silenced.len(), self.files);
                let found = render::human(sources, diagnostics, output::results_style(pages));
                output::drawing(&format!("{found}{summary}\n"))
            }
            Format::Json => output::results(&render::json(sources, diagnostics)),
            Format::Sarif => output::results(&render::sarif(sources, diagnostics, silenced, pages)),
            Format::Line => output::results(&render::line(sources, diagnostics)),
            Format::Gitlab => output::results(&render::gitlab(sources, diagnostics, configuration::FILE)),
            Format::Github => output::results(&render::github(sources, diagnostics)),
        }
    }

    /// Tells the person at the terminal what keeps a command from its work: errors and warnings, and `None` when
    /// there is nothing in error, so that the command goes on; else its exit code.
    pub fn stop(mut self) -> Option<Exit> {
        self.diagnostics.retain(|diagnostic| diagnostic.level != Level::Note);
        output::notice(&render::human(&self.sources, &self.diagnostics, output::notices_style(self.pages.as_deref())));
        self.in_error.then(|| {
            output::notice(&format!("{}\n", render::summary(Count::of(&self.diagnostics), 0, self.files)));
            self.exit()
        })
    }

    /// As [`Findings::stop`], for a command that is asked again and again: what keeps it from nothing is counted, and
    /// `scn check` tells it.
    pub fn stop_briefly(self) -> Option<Exit> {
        if self.in_error {
            return self.stop();
        }
        let Count { errors, warnings, .. } = Count::of(&self.diagnostics);
        let (count, noun) = ((errors + warnings) as u64, if errors > 0 { "finding" } else { "warning" });
        if count > 0 {
            let (found, them) = (counted(count, noun), verb(count, "it", "them"));
            output::notice(&format!("{found} in these scenarios: `scn check` tells {them}\n"));
        }
        None
    }

    /// As [`Findings::stop`], without a word of what keeps the command from nothing.
    pub fn stop_in_error(self) -> Option<Exit> {
        if self.in_error { self.stop() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    fn found(name: &str, rule: Rule) -> Findings {
        let mut sources = Sources::default();
        let source = sources.add(name, "when");
        let diagnostic = Diagnostic::new(rule, "x").at(Span::new(source, 0, 4), "").fix(Span::new(source, 0, 4), "");
        Findings { sources, diagnostics: vec![diagnostic], files: 1, ..Findings::default() }
    }

    #[test]
    fn absorbed_findings_still_point_into_their_own_texts() {
        let mut all = found("a.scn", Rule::NoSteps);
        all.absorb(found("b.scn", Rule::NoTrigger));
        let names: Vec<&str> = all
            .diagnostics
            .iter()
            .flat_map(|diagnostic| [diagnostic.labels[0].span, diagnostic.fix.as_ref().unwrap().span])
            .map(|span| all.sources.get(span.source).unwrap().name.as_str())
            .collect();
        assert_eq!(names, ["a.scn", "a.scn", "b.scn", "b.scn"]);
        assert_eq!(all.files, 2);
    }

    #[test]
    fn the_exit_code_follows_the_gravest() {
        assert_eq!(Findings::default().exit(), Exit::Done);
        assert_eq!(found("a.scn", Rule::SeveralAtOnce).exit(), Exit::Done);
        assert_eq!(found("a.scn", Rule::MaybeMissing).exit(), Exit::Findings);
        assert_eq!(found("a.scn", Rule::NoSteps).exit(), Exit::Findings);
        let mut all = found("a.scn", Rule::NoSteps);
        all.absorb(found("scn.toml", Rule::ConfigurationWrong));
        assert_eq!(all.exit(), Exit::Configuration);
    }
}
