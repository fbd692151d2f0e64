//! What is said of a comparison. The limits are those of statsmodels 0.14 for the same persons.

use super::amounts::{after, exact, money};
use super::{Kind, sentences};
use crate::drivers::tables::{Cell, GoalKind, Group, ScenarioTables, Tables};

/// So many persons, of whom so many reached the goal, each of these with ten units.
fn group(persons: u64, converted: u64) -> Group {
    let mut group = Group::default();
    (0..persons).for_each(|person| group.add(person < converted, if person < converted { 100_000 } else { 0 }));
    group
}

fn tables(goal: GoalKind, treated: Group, held_out: Group) -> Tables {
    let all = Cell { treated, held_out, ..Cell::default() };
    let rows = Vec::new;
    let scenario = ScenarioTables {
        name: "offer".to_owned(),
        goal,
        has_holdout: false,
        erased: 0,
        without_money: Vec::new(),
        all,
        steps: rows(),
        messages: rows(),
        arms: rows(),
        months: rows(),
    };
    Tables { zone: "UTC".to_owned(), currency: "EUR".to_owned(), scenarios: vec![scenario] }
}

#[test]
fn a_comparison_is_one_plain_sentence() {
    let better = tables(GoalKind::Window, group(1000, 120), group(200, 12));
    assert_eq!(
        sentences(&better, Kind::Run),
        "offer: 12.0% of 1,000 persons with a message reached the goal, and 6.0% of 200 held out: 6.0 points more (95%: \
         +1.4 to +9.3), more than chance explains. Revenue a person: 0.60 EUR more (95%: +0.21 to +0.99), more than chance \
         explains\nnote: intervals hold in 95 of 100 cases: of a rate by Wilson (JASA 22, 1927, 209-212); of a difference of rates by \
         Newcombe (Statistics in Medicine 17, 1998, 873-890, method 10); of a difference of revenue a person by Welch \
         (Biometrika 34, 1947, 28-35)\n"
    );
    let alike = tables(GoalKind::Window, group(1000, 60), group(200, 14));
    assert_eq!(
        sentences(&alike, Kind::Run).lines().next().unwrap(),
        "offer: 6.0% of 1,000 persons with a message reached the goal, and 7.0% of 200 held out: 1.0 points less (95%: \
         -5.6 to +2.2), which may be chance. Revenue a person: 0.10 EUR less (95%: -0.49 to +0.29), which may be chance"
    );
    let worse = sentences(&tables(GoalKind::WithoutWindow, group(1000, 10), group(200, 40)), Kind::Run);
    assert!(
        worse.contains("worse than chance explains. Of revenue nothing is said: the goal has no window"),
        "{worse}"
    );
    // Only what is used is named.
    assert!(worse.contains("by Newcombe") && !worse.contains("by Welch"), "{worse}");
    let none = sentences(&tables(GoalKind::None, group(1000, 10), group(200, 40)), Kind::Run);
    assert!(!none.contains("intervals"), "{none}");
}

#[test]
fn where_nothing_can_be_said_it_is_said_why() {
    for (goal, treated, held_out, why) in [
        (GoalKind::None, (50, 1), (50, 1), "it has no `goal`"),
        (GoalKind::Window, (50, 1), (0, 0), "nobody was held out"),
        (GoalKind::Window, (0, 0), (50, 1), "nobody got a marketing message"),
        (GoalKind::Window, (50, 1), (19, 1), "too few persons, 50 with a message and 19 held out"),
    ] {
        let of = |(persons, converted)| group(persons, converted);
        let said = sentences(&tables(goal, of(treated), of(held_out)), Kind::Run);
        assert!(said.starts_with("offer: nothing can be said") && said.contains(why), "{said}");
    }
    // Who has a holdout is not told to have one.
    let mut set = tables(GoalKind::Window, group(50, 1), group(0, 0));
    set.scenarios[0].has_holdout = true;
    let said = sentences(&set, Kind::Run);
    assert!(
        said.contains("none of those whom `holdout` keeps apart has come") && !said.contains("holdout 5%"),
        "{said}"
    );
    let erased = sentences(&tables(GoalKind::Window, group(50, 1), group(50, 1)).without(3), Kind::Run);
    assert!(erased.contains("nothing can be said of what its messages change: 3 persons were erased"), "{erased}");
    let simulated = sentences(&tables(GoalKind::Window, group(50, 1), group(50, 1)), Kind::Simulation);
    assert!(simulated.contains("none of them caused a purchase of the past") && simulated.contains("offer: "));
}

/// Rates side by side without a word would be read as a comparison.
#[test]
fn a_simulation_says_why_it_cannot_compare_where_the_policy_has_a_holdout() {
    let of = |goal, has_holdout, held_out| {
        let mut tables = tables(goal, group(50, 1), group(held_out, 0));
        tables.scenarios[0].has_holdout = has_holdout;
        tables
    };
    for (tables, why) in [
        (of(GoalKind::Window, true, 19), Some("too few persons, 50 with a message and 19 held out")),
        (of(GoalKind::Window, true, 0), Some("none of those whom `holdout` keeps apart has come")),
        (of(GoalKind::Window, true, 50).without(3), Some("3 persons were erased, perhaps more of those who got")),
        (of(GoalKind::Window, false, 0), None),
        (of(GoalKind::None, true, 0), None),
    ] {
        let said = sentences(&tables, Kind::Simulation);
        assert_eq!(said.contains("nothing can be said of what its messages change"), why.is_some(), "{said}");
        assert!(why.is_none_or(|why| said.contains(why)), "{said}");
    }
}

/// Nothing was sent: a difference is there, and no verdict on messages.
#[test]
fn a_simulation_gives_no_verdict() {
    let tables = tables(GoalKind::Window, group(1000, 120), group(200, 12));
    assert_eq!(
        super::sentences::comparison(&tables, &tables.scenarios[0], Kind::Simulation),
        "offer: 12.0% of 1,000 persons with a message reached the goal, and 6.0% of 200 held out: 6.0 points more (95%: \
         +1.4 to +9.3). Revenue a person: 0.60 EUR more (95%: +0.21 to +0.99). As nothing was sent, no message made the \
         difference"
    );
}

#[test]
fn amounts_are_rounded_for_people_and_exact_for_machines() {
    for (amount, words, digits) in [
        (0, "0.00", "0"),
        (12_345_678, "1,234.57", "1234.5678"),
        (-5_000, "-0.50", "-0.5"),
        (-49, "0.00", "-0.0049"),
        (50, "0.01", "0.005"),
    ] {
        assert_eq!((money(amount).as_str(), exact(amount).as_str()), (words, digits));
    }
    let said: Vec<String> = [0, 1, 47, 48, 167].into_iter().map(after).collect();
    assert_eq!(said, ["under 1 hour", "1 hour", "47 hours", "2 days", "6 days"]);
}
