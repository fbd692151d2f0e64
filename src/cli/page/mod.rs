//! A report as one page of HTML: one file that asks no network for anything, and runs nothing but its own script.
//!
//! Everything is drawn here; the script sorts tables, and without it the page says the same. maud escapes whatever it is given,
//! and what it is told not to escape are the two files beside this one.

mod days;
mod funnel;
mod heat;
mod histogram;
mod results;
mod table;
#[cfg(test)]
mod tests;

pub use days::{Days, Series};
pub use funnel::{Funnel, Part, Passed, Stage};
pub use heat::Heat;
pub use histogram::Histogram;
pub use results::results;
pub use table::{Cell, Column, Table};

use crate::diagnostic::render::clean;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What a page says. Every text may hold anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub title: String,
    /// Below the title: one sentence each.
    pub lead: Vec<String>,
    /// The figures that are read first: what is counted, and how much.
    pub figures: Vec<(String, String)>,
    /// What it rests on: what is told, and what it is.
    pub facts: Vec<(String, String)>,
    /// What a reader must know of what is missing or unsure.
    pub notices: Vec<Notice>,
    pub sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub is_warning: bool,
    pub text: String,
}

/// One part of a page, with a heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Of the address that leads to it: letters.
    pub id: &'static str,
    pub title: String,
    /// Below the heading, one sentence each.
    pub lead: Vec<String>,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    Days(Days),
    Heat(Box<Heat>),
    Histograms(Vec<Histogram>),
    Funnels(Vec<Funnel>),
    Tables(Vec<Table>),
}

impl Page {
    /// The whole file.
    pub fn html(&self) -> String {
        let body = self.body();
        // Whoever knows this word may run a script here. It follows from all the rest, so that no text of the rest can hold it.
        let nonce = blake3::hash(body.0.as_bytes()).to_hex();
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'"
        );
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    meta name="robots" content="noindex";
                    meta name="generator" content=(concat!("scn ", env!("CARGO_PKG_VERSION")));
                    title { (Said(&self.title)) }
                    style nonce=(nonce) { (PreEscaped(STYLE)) }
                }
                (body)
                script nonce=(nonce) { (PreEscaped(SCRIPT)) }
            }
        };
        page.0 + "\n"
    }

    fn body(&self) -> Markup {
        html! {
            body {
                a.skip href="#content" { "to the content" }
                header {
                    h1 { (Said(&self.title)) }
                    @for line in &self.lead { p { (Said(line)) } }
                    @if !self.figures.is_empty() {
                        dl.figures {
                            @for (what, number) in &self.figures {
                                div { dt { (Said(what)) } dd { (Said(number)) } }
                            }
                        }
                    }
                    nav aria-label="on this page" {
                        ul { @for section in &self.sections { li { a href={ "#" (section.id) } { (Said(&section.title)) } } } }
                    }
                }
                main #content {
                    (self.basis())
                    @for section in &self.sections { (section) }
                }
                p #told .hidden role="status" {}
            }
        }
    }

    /// What the page rests on, and what a reader must know.
    fn basis(&self) -> Markup {
        html! {
            section.basis aria-label="what this rests on" {
                @if !self.facts.is_empty() {
                    dl.facts {
                        @for (what, told) in &self.facts {
                            div { dt { (Said(what)) } dd { (Said(told)) } }
                        }
                    }
                }
                (self.notices(true))
                (self.notices(false))
            }
        }
    }

    /// The warnings, or the notes.
    fn notices(&self, warnings: bool) -> Markup {
        let told: Vec<&Notice> = self.notices.iter().filter(|notice| notice.is_warning == warnings).collect();
        html! {
            @if !told.is_empty() {
                ul.notices.warnings[warnings] {
                    @for notice in told {
                        li { strong { @if warnings { "Warning" } @else { "Note" } } " " (Said(&notice.text)) }
                    }
                }
            }
        }
    }
}

impl Render for Section {
    fn render(&self) -> Markup {
        html! {
            section #(self.id) aria-labelledby={ (self.id) "-title" } {
                h2 #{ (self.id) "-title" } { (Said(&self.title)) }
                @for line in &self.lead { p { (Said(line)) } }
                @match &self.body {
                    Body::Days(days) => (days),
                    Body::Heat(heat) => (heat.as_ref()),
                    Body::Histograms(histograms) => div.columns { @for histogram in histograms { (histogram) } },
                    Body::Funnels(funnels) => { (funnel::legend(funnels)) div.funnels { @for funnel in funnels { (funnel) } } },
                    Body::Tables(tables) => @for table in tables { (table) },
                }
            }
        }
    }
}

/// A text in which nothing hides: control characters and marks of writing direction are shown, and `` `code` `` is set as code.
struct Said<'a>(&'a str);

impl Render for Said<'_> {
    fn render(&self) -> Markup {
        let text = clean(self.0);
        let parts: Vec<&str> = text.split('`').collect();
        // An odd number of quotes quotes nothing.
        if parts.len().is_multiple_of(2) {
            return html! { (text.as_ref()) };
        }
        html! {
            @for (place, part) in parts.iter().enumerate() {
                @if place % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }
}

/// A share of a whole, for the length of a bar: `12.34%`.
fn percent(part: u64, whole: u64) -> String {
    format!("{:.2}%", 100.0 * part as f64 / whole.max(1) as f64)
}
