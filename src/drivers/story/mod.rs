//! The trace of the engine as a story: what `scn why`, failing tests and `simulate --contact` tell of a contact.
//!
//! Times are wall times of one zone. Ids are shown, texts and dates of the contact only where somebody may see them.

mod alike;
mod answers;
mod brief;
mod clauses;
mod held;
mod print;
mod sentences;
mod tale;
mod texts;

pub use alike::{Manner, Phrase};
pub use brief::brief;
pub use clauses::{Input, Told as ToldClause};
pub use print::{human, scenarios_text};
pub use sentences::{Sentence, Teller};
pub use tale::{Delivery, InstanceStory, Lived, ScenarioStory, Story, Wanted};
pub use texts::{Quote, ScenarioTexts, Texts};

use crate::engine::{Act, Count, Value, World};
use crate::time::{Instant, Zone};

/// An instant as a person reads it: `2024-12-10 10:00`, in a zone; seconds only where there are some.
pub fn moment(zone: Zone, instant: Instant) -> String {
    let (date, time) = zone.wall(instant);
    format!("{date} {time}")
}

/// What a step other than `send` does, as the effects CSV says it: `contact.tier = "gold"`, `10 points`.
pub fn act(act: &Act, world: &World) -> String {
    match act {
        Act::Set { field, value } => format!("contact.{field} = {}", value_words(value, world)),
        Act::Tag { tag, .. } => tag.clone(),
        Act::Credit { account, amount, .. } | Act::Debit { account, amount } => {
            format!("{} {account}", amount.normalize())
        }
        Act::Start { scenario } => scenario.clone(),
        Act::Erase => String::new(),
        Act::Call { webhook, .. } => webhook.clone(),
    }
}

/// A value as a person writes it.
pub fn value_words(value: &Value, world: &World) -> String {
    match value {
        Value::Missing | Value::NotGiven => "missing".into(),
        Value::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Instant(instant) => instant.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Duration(duration) => duration.to_string(),
        Value::Entity(entity) => world.id(*entity).map_or_else(String::new, ToString::to_string),
        Value::Id(id) => id.to_string(),
        Value::Message(message) => message.name.to_string(),
        Value::List(all) => {
            format!("[{}]", all.iter().map(|each| value_words(each, world)).collect::<Vec<_>>().join(", "))
        }
    }
}

/// What a count counts, in words.
pub fn count_words(count: Count) -> &'static str {
    match count {
        Count::Started => "started",
        Count::Finished => "went through all steps",
        Count::Converted => "reached the goal",
        Count::StoppedWhen => "ended by `stop when`",
        Count::Replaced => "replaced by a newer trigger (`latest`)",
        Count::Missing => "ended: a value is missing",
        Count::NoTimeLeft => "ended: no time left to wait",
        Count::FilterUnknown => "the trigger's filter is unknown",
        Count::NotFor => "`for` does not hold",
        Count::NotAgain => "the entry rule says not again",
        Count::BeforeStart => "from before the scenario's start",
    }
}
