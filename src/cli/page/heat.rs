//! A map of heat: counts by weekday and hour.

use crate::cli::counted::{counted, grouped};
use crate::time::Weekday;
use maud::{Markup, Render, html};

/// How many shades there are, the palest for next to nothing.
const SHADES: u64 = 8;

/// Counts by weekday (monday first) and hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heat {
    pub title: String,
    /// What is counted: `message`.
    pub noun: &'static str,
    pub hours: [[u64; 24]; 7],
}

impl Render for Heat {
    fn render(&self) -> Markup {
        let most = self.hours.iter().flatten().copied().max().unwrap_or(0);
        html! {
            table.heat {
                caption { (super::Said(&self.title)) }
                thead {
                    tr {
                        td {}
                        @for hour in 0..24 { th scope="col" { span.fine[hour % 6 != 0] { (hour) } } }
                        th.sum scope="col" { "all" }
                    }
                }
                tbody {
                    @for (day, hours) in Weekday::ALL.iter().zip(&self.hours) {
                        tr {
                            th scope="row" { (initials(day.name())) }
                            @for (hour, count) in hours.iter().enumerate() {
                                @let told = format!("{}, {hour}:00 to {hour}:59: {}", day.name(), counted(*count, self.noun));
                                td class={ "heat-" (shade(*count, most)) } title=(told) { span { (short(*count)) } }
                            }
                            td.sum { (grouped(hours.iter().sum())) }
                        }
                    }
                }
            }
            p.key aria-hidden="true" {
                "none "
                @for shade in 0..=SHADES { span class={ "heat-" (shade) } {} }
                " " (counted(most, self.noun)) " in one hour of the week"
            }
        }
    }
}

/// `mon`, and the rest of the name for those who hear it.
fn initials(name: &str) -> Markup {
    let (short, rest) = name.split_at_checked(3).unwrap_or((name, ""));
    html! { (short) span.hidden { (rest) } }
}

/// From 0 for nothing to [`SHADES`] for the most.
fn shade(count: u64, most: u64) -> u64 {
    match count {
        0 => 0,
        count => (u128::from(count) * u128::from(SHADES)).div_ceil(u128::from(most.max(1))) as u64,
    }
}

/// At most four characters: `0`, `9999`, `12k`, `3M`.
fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        1_000_000..1_000_000_000 => format!("{}M", count / 1_000_000),
        _ => format!("{}G", count / 1_000_000_000),
    }
}
