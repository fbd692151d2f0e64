//! Counts by day: one chart of all, and a line for each series.

use super::table::{Cell, Column, Table};
use crate::cli::counted::{counted, grouped};
use crate::diagnostic::render::clean;
use crate::time::Date;
use maud::{Markup, Render, html};

/// More days than these are drawn week by week, and more than ten times as many month by month.
const BARS_MAX: i32 = 800;

/// A line among texts has as many points at most.
const POINTS_MAX: usize = 130;

/// Counts of things by day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    /// What is counted: `message`.
    pub noun: &'static str,
    /// What a series is: `scenario`.
    pub of: &'static str,
    /// The first and last day that is drawn.
    pub first: Date,
    pub last: Date,
    pub series: Vec<Series>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub name: String,
    /// In order, days without any left out.
    pub counts: Vec<(Date, u64)>,
}

/// How many days make one bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Day,
    /// From monday on.
    Week,
    Month,
}

impl Step {
    fn of(days: &Days) -> Step {
        match days.last.0.saturating_sub(days.first.0) {
            0..BARS_MAX => Step::Day,
            span if span < 10 * BARS_MAX => Step::Week,
            _ => Step::Month,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Step::Day => "day",
            Step::Week => "week",
            Step::Month => "month",
        }
    }

    /// The first day of the bar in which a day is.
    fn start(self, day: Date) -> Date {
        match self {
            Step::Day => day,
            Step::Week => Date(day.0 - day.weekday() as i32),
            Step::Month => Date(day.0 + 1 - day.parts().2 as i32),
        }
    }

    /// The first day of the next bar.
    fn next(self, start: Date) -> Date {
        match self {
            Step::Day => Date(start.0 + 1),
            Step::Week => Date(start.0 + 7),
            Step::Month => self.start(Date(start.0 + 31)),
        }
    }
}

/// The bars of a chart: the first day of each, and the counts of each series.
struct Bars {
    step: Step,
    starts: Vec<Date>,
    counts: Vec<Vec<u64>>,
}

impl Bars {
    fn of(days: &Days) -> Bars {
        let step = Step::of(days);
        let starts: Vec<Date> = std::iter::successors(Some(step.start(days.first)), |start| {
            Some(step.next(*start)).filter(|next| *next <= days.last)
        })
        .collect();
        let counts = days.series.iter().map(|series| {
            let mut bars = vec![0; starts.len()];
            for (day, count) in &series.counts {
                let place = starts.partition_point(|start| start <= day).saturating_sub(1);
                if let Some(bar) = bars.get_mut(place) {
                    *bar += count;
                }
            }
            bars
        });
        Bars { step, counts: counts.collect(), starts }
    }

    fn totals(&self) -> Vec<u64> {
        (0..self.starts.len()).map(|place| self.counts.iter().filter_map(|bars| bars.get(place)).sum()).collect()
    }

    fn name(&self, place: usize) -> String {
        let Some(start) = self.starts.get(place) else { return String::new() };
        match self.step {
            Step::Day | Step::Week => start.to_string(),
            Step::Month => start.to_string().chars().take(7).collect(),
        }
    }
}

impl Render for Days {
    fn render(&self) -> Markup {
        let bars = Bars::of(self);
        let totals = bars.totals();
        let (place, most) = busiest(&totals);
        let step = bars.step.name();
        let told = format!(
            "{}s by {step} from {} to {}; most in the {step} of {}: {}",
            self.noun,
            self.first,
            self.last,
            bars.name(place),
            grouped(most)
        );
        html! {
            figure {
                figcaption { "All, by " (step) ": at most " (counted(most, self.noun)) ", on " (bars.name(place)) }
                (chart(&bars, &totals, &told))
            }
            (self.by_series(&bars))
            (self.by_bar(&bars, &totals))
        }
    }
}

impl Days {
    fn by_series(&self, bars: &Bars) -> Table {
        let step = bars.step.name();
        let rows = self.series.iter().zip(&bars.counts).map(|(series, counts)| {
            let (place, most) = busiest(counts);
            let told = format!("at most {} on {}", grouped(most), bars.name(place));
            vec![
                Cell::text(&series.name),
                Cell::Line(counts.clone(), told),
                Cell::Count(counts.iter().sum()),
                Cell::Count(most),
                if most > 0 { Cell::Text(bars.name(place)) } else { Cell::Empty },
            ]
        });
        Table {
            title: format!("{}s by {} and {step}", capital(self.noun), self.of),
            columns: vec![
                Column::text(self.of),
                Column::number("over time"),
                Column::number("all"),
                Column::number(&format!("busiest {step}")),
                Column::text("when"),
            ],
            rows: rows.collect(),
            notes: vec!["Each line has a height of its own.".into()],
            is_folded: false,
        }
    }

    fn by_bar(&self, bars: &Bars, totals: &[u64]) -> Table {
        let step = bars.step.name();
        let names = self.series.iter().map(|series| Column::number(&series.name));
        let rows = totals.iter().enumerate().map(|(place, total)| {
            let counts = bars.counts.iter().map(|counts| Cell::Count(counts.get(place).copied().unwrap_or(0)));
            [Cell::Text(bars.name(place)), Cell::Count(*total)].into_iter().chain(counts).collect()
        });
        Table {
            title: format!("Every {step} in numbers"),
            columns: [Column::text(step), Column::number("all")].into_iter().chain(names).collect(),
            rows: rows.collect(),
            notes: Vec::new(),
            is_folded: true,
        }
    }
}

/// The place of the highest count, the first of several, and the count.
fn busiest(counts: &[u64]) -> (usize, u64) {
    let most = counts.iter().copied().max().unwrap_or(0);
    (counts.iter().position(|count| *count == most).unwrap_or(0), most)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The area below counts, in a box of the width of their number and a height of 100 for `most`.
fn area(counts: &[u64], most: u64) -> String {
    let mut path = String::from("M0 100");
    let mut before = None;
    for (place, count) in counts.iter().enumerate() {
        // Hundredths of a hundredth are finer than any screen.
        let height = (10_000.0 - 10_000.0 * *count as f64 / most.max(1) as f64).round() / 100.0;
        if before != Some(height) {
            path.push_str(&format!("H{place}V{height}"));
            before = Some(height);
        }
    }
    path + &format!("H{}V100Z", counts.len())
}

/// A line of counts, as high as a line of text. As many counts as it has no room for are drawn together.
pub(super) fn line(counts: &[u64], told: &str) -> Markup {
    let counts: Vec<u64> =
        counts.chunks(counts.len().div_ceil(POINTS_MAX).max(1)).map(|some| some.iter().sum()).collect();
    let counts = counts.as_slice();
    let most = counts.iter().copied().max().unwrap_or(0);
    html! {
        svg.line role="img" aria-label=(clean(told).as_ref()) viewBox={ "0 0 " (counts.len()) " 100" } preserveAspectRatio="none" {
            path d=(area(counts, most)) {}
        }
    }
}

/// A chart with its scale: texts keep their size, whatever the width.
fn chart(bars: &Bars, totals: &[u64], told: &str) -> Markup {
    let most = round_up(totals.iter().copied().max().unwrap_or(0));
    let ticks = ticks(bars);
    html! {
        svg.chart role="img" aria-label=(told) {
            svg x="0" y="20" width="100%" height="160" viewBox={ "0 0 " (totals.len()) " 100" } preserveAspectRatio="none" {
                path.area d=(area(totals, most)) {}
            }
            @for (part, height) in [(most, 20), (most / 2, 100), (0, 180)] {
                line.grid x1="0" x2="100%" y1=(height) y2=(height) {}
                @if part > 0 { text.scale x="0" y=(height - 4) { (grouped(part)) } }
            }
            @for (place, (name, is_main)) in ticks {
                @let x = format!("{:.3}%", 100.0 * place as f64 / totals.len().max(1) as f64);
                line.tick .fine[!is_main] x1=(x) x2=(x) y1="180" y2="185" {}
                text.tick .fine[!is_main] x=(x) y="198" { (name) }
            }
        }
    }
}

/// The next number that is even in its first digit: 2, 4, 6, 8, 10, 20, 40 and so on, so that its half is whole.
fn round_up(most: u64) -> u64 {
    let mut step: u64 = 2;
    while step.saturating_mul(5) < most {
        step = step.saturating_mul(10);
    }
    most.max(1).div_ceil(step).saturating_mul(step)
}

/// Where months (or years, where there are too many) begin, by the bar's place; every so many of them has room on a phone.
fn ticks(bars: &Bars) -> Vec<(usize, (String, bool))> {
    const FINE_MAX: usize = 9;
    let months: Vec<(usize, i32)> = bars
        .starts
        .iter()
        .enumerate()
        .map(|(place, start)| (place, start.parts()))
        .map(|(place, (year, month, _))| (place, year * 12 + month as i32 - 1))
        .scan(None, |before, (place, month)| Some((place, month, before.replace(month))))
        .filter(|(place, month, before)| *before != Some(*month) && (*place > 0 || bars.starts.len() < 32))
        .map(|(place, month, _)| (place, month))
        .collect();
    let every = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600]
        .into_iter()
        .find(|every| months.iter().filter(|(_, month)| month % every == 0).count() <= FINE_MAX)
        .unwrap_or(1200);
    let kept: Vec<(usize, i32)> = months.into_iter().filter(|(_, month)| month % every == 0).collect();
    let coarse = kept.len().div_ceil(3).max(1);
    kept.iter()
        .enumerate()
        .map(|(number, (place, month))| {
            let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
            let name = if every >= 12 { format!("{year:04}") } else { format!("{year:04}-{month:02}") };
            (*place, (name, number % coarse == 0))
        })
        .collect()
}
