//! What a project talks about: entities, events, fields, types, and values.

mod address;
mod configuration;
mod facts;
mod identity;
mod message;
mod surroundings;
mod value;

pub use address::may_be_email;
pub use configuration::{Configuration, Currency};
pub use facts::{AggregateKind, MeasureKind, QuietHours, Refreshed};
pub use identity::{identifying, persons};
pub use message::{MessageValue, MessageValues};
pub use surroundings::{
    CrmColumn, CrmShape, CrmTable, Surroundings, TemplateLink, TemplateShape, TemplateText, TemplateUse,
    TemplateVariable, is_same_name,
};
pub use value::{Id, Literal, rounded};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A type of the language.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Text,
    Number,
    Flag,
    Money,
    /// A fraction: 50% is 0.5.
    Percent,
    Instant,
    Date,
    Time,
    Duration,
    /// One of these texts.
    Enumeration(Vec<String>),
    /// A reference to an entity, by its name.
    Entity(String),
    /// A ranked list of an entity, by the entity's name.
    List(String),
    /// A list of texts, such as the tags of a contact.
    Texts,
    /// A message of a scenario, by its name.
    Message,
}

impl Type {
    /// The types that are one word, as written.
    pub const WORDS: [&'static str; 10] =
        ["text", "number", "flag", "money", "percent", "instant", "date", "time", "duration", "message"];

    /// The type that a single word names, entities aside.
    pub fn named(word: &str) -> Option<Type> {
        Some(match word {
            "text" => Type::Text,
            "number" => Type::Number,
            "flag" => Type::Flag,
            "money" => Type::Money,
            "percent" => Type::Percent,
            "instant" => Type::Instant,
            "date" => Type::Date,
            "time" => Type::Time,
            "duration" => Type::Duration,
            "message" => Type::Message,
            _ => return None,
        })
    }

    /// As a person writes it.
    pub fn describe(&self) -> String {
        match self {
            Type::Text => "text".into(),
            Type::Number => "number".into(),
            Type::Flag => "flag".into(),
            Type::Money => "money".into(),
            Type::Percent => "percent".into(),
            Type::Instant => "instant".into(),
            Type::Date => "date".into(),
            Type::Time => "time".into(),
            Type::Duration => "duration".into(),
            Type::Enumeration(texts) => texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(" | "),
            Type::Entity(name) => name.clone(),
            Type::List(name) => format!("list of {name}"),
            Type::Texts => "list of text".into(),
            Type::Message => "message".into(),
        }
    }
}

/// What stands for a field that the CRM leaves empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldDefault {
    Literal(Literal),
    /// Another field of the same entity; `id` is its id as text.
    Field(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub ty: Type,
    /// Written `?`: a value may be missing. A field with a default is never missing.
    pub optional: bool,
    pub default: Option<FieldDefault>,
    pub doc: Option<String>,
}

impl Field {
    /// Whether reading it may give no value.
    pub fn may_be_missing(&self) -> bool {
        self.optional && self.default.is_none()
    }
}

/// An entity or an event: a named set of fields, in the order of their declaration.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Record {
    pub name: String,
    pub fields: Vec<Field>,
    pub doc: Option<String>,
}

impl Record {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The declared entities and events of a project, the standard library's included.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Model {
    pub entities: BTreeMap<String, Record>,
    /// Those that accounts and routes make are among them.
    pub events: BTreeMap<String, Record>,
    /// By name: [`Type::Number`] or [`Type::Money`].
    pub accounts: BTreeMap<String, Type>,
    /// By the name of the event that it makes.
    pub routes: BTreeMap<String, Route>,
}

/// A declared field of an entity or an event that names contacts: what an erasure looks through, whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The entity or event.
    pub record: String,
    pub field: String,
    pub is_event: bool,
    /// Whether it names several: then they are in a table of their own.
    pub is_list: bool,
}

impl Model {
    /// The fields that name contacts, entities first, by name. An event's own contact is none of them.
    pub fn references(&self) -> Vec<Reference> {
        let entities = self.entities.values().map(|record| (record, false));
        let events = self.events.values().filter(|event| !self.routes.contains_key(&event.name));
        let of = |(record, is_event): (&Record, bool)| -> Vec<Reference> {
            let reference = |field: &Field, is_list| Reference {
                record: record.name.clone(),
                field: field.name.clone(),
                is_event,
                is_list,
            };
            let found = record.fields.iter().filter(|field| !is_event || field.name != "contact");
            found
                .filter_map(|field| match &field.ty {
                    Type::Entity(name) if name == "contact" => Some(reference(field, false)),
                    Type::List(name) if name == "contact" => Some(reference(field, true)),
                    _ => None,
                })
                .collect()
        };
        entities.chain(events.map(|record| (record, true))).flat_map(of).collect()
    }
}

/// `route purchased to contact.referrer as friend_purchased`: what happens to one contact, told to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    /// The event that is told on.
    pub event: String,
    /// The contact's field that names to whom; who would be told of themselves is not told.
    pub to: String,
}

/// The field of a routed event that says from whom it comes.
pub const FRIEND: &str = "friend";

/// Events that the engine makes or that channels report: a CRM that has no table of them is as good as one with an empty
/// table.
pub const OWN_EVENTS: [&str; 11] = [
    "sent",
    "opened",
    "clicked",
    "bounced",
    "unsubscribed",
    "complained",
    "credited",
    "debited",
    "tagged",
    "untagged",
    "changed",
];

/// The contact's field that `tag` and `untag` change.
pub const TAGS: &str = "tags";

/// The channels of the language, and the contact's field by which each reaches a person.
pub const CHANNELS: [(&str, Option<&str>); 6] = [
    ("email", Some("email")),
    ("sms", Some("phone")),
    ("push", None),
    ("post", None),
    ("phone", Some("phone")),
    ("webhook", None),
];
