//! Intervals, by published methods, at 95 %. The only place where tables become floats.
//!
//! - One proportion: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
//!   209-212, without a correction for continuity.
//! - The difference of two: R. G. Newcombe, "Interval estimation for the difference between independent proportions",
//!   Statistics in Medicine 17 (1998), 873-890, method 10: Wilson's limits of both, joined.
//! - The difference of two means: B. L. Welch, "The generalization of Student's problem when several different population
//!   variances are involved", Biometrika 34 (1947), 28-35.

use super::Group;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Of two tails together.
const OUTSIDE: f64 = 0.05;

/// An estimate with the limits of its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Whether it holds zero: then there may be no difference.
    pub fn holds_zero(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }
}

/// How many there are of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub part: u64,
    pub of: u64,
}

/// Wilson's interval of a proportion; `None` of nothing.
pub fn wilson(Share { part, of }: Share) -> Option<Interval> {
    if of == 0 || part > of {
        return None;
    }
    let normal = Normal::new(0.0, 1.0).ok()?;
    let z = normal.inverse_cdf(1.0 - OUTSIDE / 2.0);
    let (part, of) = (part as f64, of as f64);
    let estimate = part / of;
    let centre = 2.0 * part + z * z;
    let spread = z * (z * z + 4.0 * part * (1.0 - estimate)).sqrt();
    let width = 2.0 * (of + z * z);
    let low = if part == 0.0 { 0.0 } else { (centre - spread) / width };
    let high = if part == of { 1.0 } else { (centre + spread) / width };
    Some(Interval { estimate, low, high })
}

/// The first proportion less the second, by Newcombe's hybrid score; `None` where one of them is of nothing.
pub fn newcombe(one: Share, two: Share) -> Option<Interval> {
    let (one, two) = (wilson(one)?, wilson(two)?);
    let estimate = one.estimate - two.estimate;
    let below = (one.estimate - one.low).hypot(two.high - two.estimate);
    let above = (one.high - one.estimate).hypot(two.estimate - two.low);
    Some(Interval { estimate, low: estimate - below, high: estimate + above })
}

/// The mean revenue a person of the first group less that of the second, in the currency's units, by Welch; `None` where one
/// of them has fewer than two persons, or nobody spends anything.
pub fn welch(one: &Group, two: &Group) -> Option<Interval> {
    let ((mean_one, error_one), (mean_two, error_two)) = (moments(one)?, moments(two)?);
    let estimate = mean_one - mean_two;
    let error = error_one + error_two;
    if error <= 0.0 {
        return None;
    }
    let degrees = |error: f64, group: &Group| error * error / (group.persons as f64 - 1.0);
    let freedom = error * error / (degrees(error_one, one) + degrees(error_two, two));
    let quantile = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(1.0 - OUTSIDE / 2.0);
    let spread = quantile * error.sqrt();
    Some(Interval { estimate, low: estimate - spread, high: estimate + spread })
}

/// The mean of a group, and the square of its standard error, in the currency's units.
fn moments(group: &Group) -> Option<(f64, f64)> {
    if group.persons < 2 {
        return None;
    }
    let unit = crate::engine::Amount::PER_UNIT as f64;
    let (count, sum) = (i128::from(group.persons), group.revenue);
    // The sum of the squared deviations, times the count: exact where there is room for it.
    let exact = count.checked_mul(group.squares).zip(sum.checked_mul(sum)).map(|(all, mean)| (all - mean) as f64);
    let about = || count as f64 * group.squares as f64 - sum as f64 * sum as f64;
    let deviations = exact.unwrap_or_else(about).max(0.0);
    let count = count as f64;
    let variance = deviations / (count * (count - 1.0)) / (unit * unit);
    Some((sum as f64 / count / unit, variance / count))
}
