//! The files of templates, whatever they read: languages, parts, subjects, links, the way out of marketing.

use super::sms::judge_sms;
use super::templates::{SENT_HERE, place_in};
use super::typed::Expr;
use super::way_out;
use super::words::and_list;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{TemplateLink, TemplateShape, Type};
use crate::span::{SourceId, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The most characters of a subject, as its reader sees them: it is the longest line that RFC 5322 (2.1.1) wants, and more than
/// readers show. Lines of a mail are kept short without the author: what is encoded (RFC 2047) or long is folded when it leaves.
const SUBJECT_WANTED: usize = 78;

/// What a link's scheme may be; a message with another is refused when it leaves (`channel::template`).
const SCHEMES: [&str; 6] = ["http", "https", "mailto", "tel", "sms", "cid"];

/// Where a message is sent, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use<'a> {
    pub channel: &'a str,
    pub message: &'a str,
    /// The message's name in the first step that sends it.
    pub span: Span,
    /// Whether a step sends it as marketing.
    pub is_marketing: bool,
    /// The contact's language, where the model has one.
    pub language: Option<&'a Expr>,
}

/// Judges files, each once.
#[derive(Debug)]
pub(super) struct Judge<'t> {
    /// The languages of the whole project.
    languages: BTreeSet<&'t str>,
    /// Those of one message alone that are most likely another language misspelt.
    misspelt: BTreeMap<&'t str, &'t str>,
    sources: BTreeSet<SourceId>,
    /// What was told of files with a marketing text: the same file may be sent as something else before.
    sent_as_marketing: BTreeSet<SourceId>,
}

impl<'t> Judge<'t> {
    pub fn new(shapes: &'t [TemplateShape]) -> Judge<'t> {
        let mut messages: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
        // What is wrong with the name of a file is told of the file.
        for shape in shapes.iter().filter(|shape| shape.broken.is_none()) {
            if let Some(language) = &shape.language {
                messages.entry(language).or_default().insert((&shape.message, &shape.channel));
            }
        }
        let misspelt = misspelt(&messages);
        let languages = messages.into_keys().filter(|language| !misspelt.contains_key(language)).collect();
        Judge { languages, misspelt, sources: BTreeSet::new(), sent_as_marketing: BTreeSet::new() }
    }

    /// The sources of the files that were judged.
    pub fn sources(self) -> BTreeSet<SourceId> {
        self.sources
    }

    /// What is wrong with the files of a message themselves.
    pub fn files(&mut self, chosen: &[&'t TemplateShape], used: &Use, out: &mut Vec<Diagnostic>) {
        let mut variants: BTreeMap<Option<&str>, Vec<&TemplateShape>> = BTreeMap::new();
        for shape in chosen {
            variants.entry(shape.language.as_deref()).or_default().push(shape);
        }
        if used.is_marketing && used.channel == "email" {
            for files in variants.values() {
                self.way_out(files, used, out);
            }
        }
        let mut is_new = false;
        for shape in chosen {
            if self.sources.insert(shape.source) {
                is_new = true;
                file(shape, used, out);
            }
        }
        if !is_new {
            return;
        }
        if used.channel == "email" {
            no_subject(&variants, used, out);
            no_text(&variants, used, out);
        }
        let has: BTreeSet<&str> = variants.keys().copied().flatten().collect();
        if has.is_empty() {
            return;
        }
        self.misspelt_language(chosen, used, out);
        if variants.contains_key(&None) {
            self.missing_language(&has, chosen, used, out);
        } else {
            no_default(&has, chosen, used, out);
        }
    }

    /// A language that no other message has, and that is most likely another one.
    fn misspelt_language(&self, chosen: &[&TemplateShape], used: &Use, out: &mut Vec<Diagnostic>) {
        let language =
            |shape: &&TemplateShape| shape.language.as_deref().and_then(|each| self.misspelt.get_key_value(each));
        let Some((file, (language, near))) = chosen.iter().find_map(|shape| Some((shape, language(shape)?))) else {
            return;
        };
        let path = &file.path;
        out.push(
            Diagnostic::new(
                Rule::LanguageMissing,
                format!("`{path}` is in `{language}`, in which no other message is"),
            )
            .at(used.span, format!("is it `{near}`?"))
            .because("who reads a language gets a message in it only where its file is named so")
            .help(format!(
                "name the file `{}`, or write the other messages in `{language}` too",
                sibling(file, Some(near))
            )),
        );
    }

    fn missing_language(&self, has: &BTreeSet<&str>, chosen: &[&TemplateShape], used: &Use, out: &mut Vec<Diagnostic>) {
        let is_there = |language: &str| {
            has.contains(language)
                || has.iter().any(|other| self.misspelt.get(other).is_some_and(|near| *near == language))
        };
        let missing: Vec<&str> = self.languages.iter().copied().filter(|language| !is_there(language)).collect();
        let (Some(first), Some(template)) = (missing.first(), chosen.first()) else { return };
        let message = used.message;
        out.push(
            Diagnostic::new(
                Rule::LanguageMissing,
                format!("`{message}` by {} has no template in {}", used.channel, and_list(&missing)),
            )
            .at(
                used.span,
                format!("there is one in {}, and one without a language", and_list(&has.iter().collect::<Vec<_>>())),
            )
            .because("other messages are written in it; who reads it gets this one in the language of the others")
            .help(format!("write `{}`", sibling(template, Some(first)))),
        );
    }

    /// A marketing email names no way out.
    fn way_out(&mut self, files: &[&TemplateShape], used: &Use, out: &mut Vec<Diagnostic>) {
        // What most readers see is the HTML.
        let Some(seen) = files.iter().find(|shape| shape.is_html).or_else(|| files.first()) else { return };
        if seen.broken.is_some() || !self.sent_as_marketing.insert(seen.source) || way_out::is_named(seen) {
            return;
        }
        let link = if seen.is_html {
            "`<a href=\"https://SHOP/unsubscribe\">Unsubscribe</a>`"
        } else {
            "`Unsubscribe: https://SHOP/unsubscribe`"
        };
        out.push(
            Diagnostic::new(
                Rule::NoUnsubscribe,
                format!("`{}` is marketing, and names no way to unsubscribe", seen.path),
            )
            .at(place_in(seen, &end_of(seen)), "no such link before the end")
            .at(used.span, "sent as marketing here")
            .because(
                "the law asks for it, and who finds no way out reports the mail as spam: the shop's next ones, \
                     order confirmations too, are then refused",
            )
            .help(format!(
                "write {link} at its end; where the person waits for the message, write `send transactional` or \
                     `send service`"
            )),
        );
    }
}

/// The languages of one message alone that begin as a language of several does, with a letter more or less: `frr` beside `fr`.
fn misspelt<'t>(messages: &BTreeMap<&'t str, BTreeSet<(&str, &str)>>) -> BTreeMap<&'t str, &'t str> {
    let usual = |language: &&&str| messages.get(**language).is_some_and(|all| all.len() > 1);
    let near = |one: &str, other: &str| {
        one.len().abs_diff(other.len()) == 1 && (one.starts_with(other) || other.starts_with(one))
    };
    let alone = messages.iter().filter(|(_, all)| all.len() == 1).map(|(language, _)| *language);
    alone
        .filter_map(|language| Some((language, *messages.keys().filter(usual).find(|other| near(language, other))?)))
        .collect()
}

/// What is wrong with one file.
fn file(shape: &TemplateShape, used: &Use, out: &mut Vec<Diagnostic>) {
    if let Some((why, range)) = &shape.broken {
        out.push(
            Diagnostic::new(Rule::TemplateBroken, format!("the template `{}` cannot be read: {why}", shape.path))
                .at(place_in(shape, range), "")
                .at(used.span, SENT_HERE)
                .help("mend the template there"),
        );
        return;
    }
    if let Some(subject) = &shape.subject {
        let length = subject.shortest.chars().count();
        if length > SUBJECT_WANTED {
            let found = Diagnostic::new(
                Rule::SubjectLong,
                format!("the subject of `{}` has {length} characters or more", shape.path),
            );
            out.push(
                found
                    .at(place_in(shape, &subject.range), "whatever its values are")
                    .at(used.span, SENT_HERE)
                    .because(format!(
                        "{SUBJECT_WANTED} characters are a whole line of a mail (RFC 5322, 2.1.1), and most readers show \
                         about half of that"
                    ))
                    .help(format!("say it in {SUBJECT_WANTED} characters or less, the important words first")),
            );
        }
    }
    for link in &shape.links {
        if let Some(found) = judge_link(shape, link) {
            out.push(found.at(used.span, SENT_HERE));
        }
    }
    if used.channel == "sms" {
        judge_sms(shape, used.span, out);
    }
}

fn no_subject(variants: &BTreeMap<Option<&str>, Vec<&TemplateShape>>, used: &Use, out: &mut Vec<Diagnostic>) {
    for files in variants.values() {
        let Some(first) = files.first() else { continue };
        if !files.iter().any(|shape| shape.has_subject || shape.broken.is_some()) {
            out.push(
                Diagnostic::new(Rule::TemplateNoSubject, format!("the template `{}` has no subject", first.path))
                    .at(place_in(first, &first_line(&first.text)), "an email has a subject")
                    .at(used.span, SENT_HERE)
                    .help("begin the template with three lines: `---`, `subject: ...`, `---`"),
            );
        }
    }
}

/// The text part of an email is made from its HTML where there is none: right for words, poor for anything else.
fn no_text(variants: &BTreeMap<Option<&str>, Vec<&TemplateShape>>, used: &Use, out: &mut Vec<Diagnostic>) {
    let alone = variants.values().filter(|files| files.iter().all(|shape| shape.is_html && shape.broken.is_none()));
    let alone: Vec<&TemplateShape> = alone.filter_map(|files| files.first().copied()).collect();
    let Some(first) = alone.first() else { return };
    let text = |shape: &&TemplateShape| format!("{}.txt", shape.path.trim_end_matches(".html"));
    let names: Vec<String> = alone.iter().map(text).collect();
    let message = used.message;
    let files = if alone.len() == 1 { "file" } else { "files" };
    out.push(
        Diagnostic::new(Rule::NoTextPart, format!("the email `{message}` has no text part of its own"))
            .at(used.span, format!("`{}` has no `.txt` beside it", first.path))
            .because(
                "its text is made from the HTML: words and links stay, images, colours and the columns of tables do \
                 not; watches, text readers and spam filters read that part",
            )
            .help(format!("write it as you want it read, in the {files} {}", and_list(&names))),
    );
}

fn no_default(has: &BTreeSet<&str>, chosen: &[&TemplateShape], used: &Use, out: &mut Vec<Diagnostic>) {
    let every = match used.language {
        Some(Expr { ty: Some(Type::Enumeration(texts)), optional: false, .. }) => {
            texts.iter().all(|text| has.contains(text.as_str()))
        }
        _ => false,
    };
    let Some(template) = chosen.first().filter(|_| !every) else { return };
    let has: Vec<&&str> = has.iter().collect();
    let (why, what) = match used.language {
        Some(_) => ("who reads another language, or of whom none is known, gets nothing", "every other language"),
        None => ("the model knows no `contact.language`, so that nobody gets it", "everyone"),
    };
    out.push(
        Diagnostic::new(
            Rule::NoDefaultLanguage,
            format!("`{}` by {} has a template in {} alone", used.message, used.channel, and_list(&has)),
        )
        .at(used.span, "no template without a language")
        .because(why)
        .help(format!("write `{}`, which is for {what}", sibling(template, None))),
    );
}

/// The path of a template in another language.
fn sibling(template: &TemplateShape, language: Option<&str>) -> String {
    let (folder, name) = template.path.rsplit_once('/').map_or(("", &*template.path), |(folder, name)| (folder, name));
    let ending = name.rsplit('.').next().unwrap_or("txt");
    let language = language.map(|language| format!("{language}.")).unwrap_or_default();
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{}.{}.{language}{ending}", template.message, template.channel)
}

/// A link that does not lead where a reader can follow, or not safely.
fn judge_link(shape: &TemplateShape, link: &TemplateLink) -> Option<Diagnostic> {
    let place = place_in(shape, &link.range);
    let written = link.begins.trim();
    let path = &shape.path;
    let shown = shape.text.get(link.range.clone()).unwrap_or("").trim();
    let scheme = scheme_of(written);
    let nowhere = |label: &str, help: String| {
        let found = Diagnostic::new(Rule::LinkWithoutHost, format!("a link of `{path}` leads nowhere: `{shown}`"));
        let why = "a mail is opened in no folder of a site: a link in it needs the whole address";
        Some(found.at(place, label).because(why).help(help))
    };
    match scheme.as_deref() {
        // A value may hold the whole address.
        None if written.is_empty() && !link.is_whole => None,
        None if written.is_empty() || written == "#" && link.is_whole => {
            nowhere("no address", "write the page that it leads to, such as `https://SHOP/page`".to_owned())
        }
        None if written.starts_with('#') => None,
        None => {
            let host = shown.trim_start_matches("//");
            let whole = if shown.starts_with("//") || shown.to_ascii_lowercase().starts_with("www.") {
                format!("write `https://{host}`")
            } else {
                format!("write the whole address: `https://SHOP/{}`", shown.trim_start_matches(['.', '/']))
            };
            nowhere("no `https://` and no name of a site", whole)
        }
        Some(scheme @ ("http" | "https")) => {
            let host = written.get(scheme.len() + 1..).unwrap_or("").trim_start_matches('/');
            let slashes = written.get(scheme.len() + 1..).is_some_and(|rest| rest.starts_with("//"));
            let is_open = host.is_empty() && !link.is_whole && slashes && !written.ends_with("///");
            let named = slashes && !written.get(scheme.len() + 3..).is_some_and(|rest| rest.starts_with('/'));
            if !is_open && (host.is_empty() || !named) {
                return nowhere("no name of a site", "write the whole address: `https://SHOP/page`".to_owned());
            }
            (scheme == "http").then(|| {
                Diagnostic::new(Rule::LinkNotEncrypted, format!("a link of `{path}` is not encrypted: `{shown}`"))
                    .at(place, "`http`, not `https`")
                    .because("whoever stands between can read and change the page; some programs warn of such links")
                    .help("write `https://`, if the site answers there")
            })
        }
        Some(scheme) if SCHEMES.contains(&scheme) => None,
        Some(scheme) => Some(
            Diagnostic::new(
                Rule::ForeignLink,
                format!("a link of `{path}` is of a kind that no mail may hold: `{scheme}:`"),
            )
            .at(place, "neither to the web, nor mail, nor phone")
            .because("a message with such a link is refused when it leaves")
            .help("write `https://...`, `mailto:...`, `tel:...` or `sms:...`"),
        ),
    }
}

/// What stands before the colon, as a program reads it: without white space and control characters, in lower case.
fn scheme_of(link: &str) -> Option<String> {
    let end = link.find([':', '/', '?', '#']).filter(|end| link.get(*end..=*end) == Some(":"))?;
    let letters = link.get(..end).unwrap_or("").chars();
    let plain = letters.filter(|letter| !letter.is_control() && !letter.is_whitespace());
    Some(plain.collect::<String>().to_ascii_lowercase())
}

fn first_line(text: &str) -> Range<usize> {
    0..text.find('\n').unwrap_or(text.len())
}

/// The last line that says something; of HTML, the end of its body.
fn end_of(shape: &TemplateShape) -> Range<usize> {
    let text = &*shape.text;
    if let Some(at) = text.rfind("</body>") {
        return at..at + "</body>".len();
    }
    let end = text.trim_end().len();
    let start = text.get(..end).and_then(|text| text.rfind('\n')).map_or(0, |feed| feed + 1);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_a_site() {
        for (begins, is_whole, expected) in [
            ("https://shop.example/new", true, None),
            ("HTTPS://shop.example", true, None),
            ("https://", false, None),
            ("", false, None),
            ("#top", true, None),
            ("mailto:hello@shop.example", true, None),
            ("tel:+33199000000", true, None),
            ("cid:logo", true, None),
            ("http://shop.example", true, Some(Rule::LinkNotEncrypted)),
            ("http://", false, Some(Rule::LinkNotEncrypted)),
            ("", true, Some(Rule::LinkWithoutHost)),
            ("#", true, Some(Rule::LinkWithoutHost)),
            ("/shop", true, Some(Rule::LinkWithoutHost)),
            ("/shop/", false, Some(Rule::LinkWithoutHost)),
            ("//shop.example/new", true, Some(Rule::LinkWithoutHost)),
            ("www.shop.example", true, Some(Rule::LinkWithoutHost)),
            ("logo.png", true, Some(Rule::LinkWithoutHost)),
            ("https://", true, Some(Rule::LinkWithoutHost)),
            ("https:///new", true, Some(Rule::LinkWithoutHost)),
            ("https:shop.example", true, Some(Rule::LinkWithoutHost)),
            ("javascript:open()", true, Some(Rule::ForeignLink)),
            (" java\tscript:open()", true, Some(Rule::ForeignLink)),
            ("data:text/html,", false, Some(Rule::ForeignLink)),
        ] {
            let shape = TemplateShape { text: begins.into(), ..TemplateShape::default() };
            let link = TemplateLink { range: 0..begins.len(), begins: begins.to_owned(), is_whole };
            assert_eq!(judge_link(&shape, &link).map(|found| found.rule), expected, "{begins}");
        }
    }
}
