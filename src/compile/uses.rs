//! What a program reads: the lists of a [`Code`], by name, and the slots into them.
//!
//! The lists are sorted and hold only what is used, so that neither the order of declarations nor fields that nobody
//! reads change a hash. An event's fields begin with those that `once per` reads of every trigger, so that they have
//! one slot in all of them. A field that a default names is in the list; the `id` of a row is no field. Each event
//! that is a trigger also lists the fields of `trigger` that are read.

use crate::check::typed::{Expr, History, Kind, Window};
use crate::ir::{Code, FieldUse, RecordUse};
use crate::model::{Field, FieldDefault, Model, Record};
use std::collections::{BTreeMap, BTreeSet};

/// The fields that expressions read.
#[derive(Debug, Default)]
pub struct Uses<'a> {
    contact: BTreeSet<&'a str>,
    entities: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Every trigger and every event of a history, even one of which no field is read.
    events: BTreeMap<&'a str, BTreeSet<&'a str>>,
    trigger: BTreeSet<&'a str>,
    /// Fields that all triggers have in one slot.
    shared: BTreeSet<&'a str>,
    triggers: BTreeSet<&'a str>,
}

impl<'a> Uses<'a> {
    pub fn trigger(&mut self, event: &'a str) {
        self.triggers.insert(event);
        self.events.entry(event).or_default();
    }

    /// A field of the contact that is changed.
    pub fn contact(&mut self, field: &'a str) {
        self.contact.insert(field);
    }

    /// An expression over each trigger as it arrives.
    pub fn shared(&mut self, expr: &'a Expr) {
        expr.visit(&mut |each| {
            if let Kind::Event(field) = &each.kind {
                self.shared.insert(field);
            }
        });
        let triggers: Vec<&str> = self.triggers.iter().copied().collect();
        triggers.into_iter().for_each(|event| self.expr(expr, Some(event)));
    }

    /// An expression, in the filter of `event` where there is one.
    pub fn expr(&mut self, expr: &'a Expr, event: Option<&'a str>) {
        // Inside a history, the event at hand is the history's; `children` goes there without saying so.
        match &expr.kind {
            Kind::History(history) => return self.history(history, event),
            Kind::Aggregate(aggregate) => {
                self.history(&aggregate.history, event);
                aggregate.of.iter().for_each(|of| self.expr(of, Some(&aggregate.history.event)));
                return;
            }
            Kind::Recommend { history, product, complements, .. } => {
                self.history(history, event);
                self.expr(product, Some(&history.event));
                self.expr(complements, Some(&history.event));
                return;
            }
            Kind::Contact(field) => {
                self.contact.insert(field);
            }
            Kind::Trigger(field) => {
                self.trigger.insert(field);
            }
            Kind::Event(field) => {
                if let Some(event) = event {
                    self.events.entry(event).or_default().insert(field);
                }
            }
            Kind::Field { entity, field, .. } => {
                self.entities.entry(entity).or_default().insert(field);
            }
            _ => {}
        }
        expr.children(&mut |child| self.expr(child, event));
    }

    fn history(&mut self, history: &'a History, event: Option<&'a str>) {
        self.events.entry(&history.event).or_default();
        for filter in history.filters.iter().chain(&history.instance_filters) {
            self.expr(filter, Some(&history.event));
        }
        for key in &history.keys {
            self.expr(&key.of_event, Some(&history.event));
            self.expr(&key.of_instance, event);
        }
        if let Window::Since(from) | Window::InLast(from) = &history.window {
            self.expr(from, event);
        }
    }

    /// The lists, with the fields that defaults name.
    pub fn lists(mut self, model: &'a Model) -> Code {
        for event in &self.triggers {
            self.events.entry(event).or_default().extend(&self.trigger);
        }
        let first_trigger = self.triggers.first().and_then(|event| model.events.get(*event));
        let trigger = first_trigger.map(|event| with_defaults(event, self.trigger.clone())).unwrap_or_default();
        let trigger = trigger.into_iter().filter_map(|name| self.trigger_field(model, name)).collect();
        let contact = model.entities.get("contact").map(|contact| fields(contact, self.contact, &BTreeSet::new()));
        let no_fields = BTreeSet::new();
        let records = |uses: BTreeMap<&'a str, BTreeSet<&'a str>>,
                       of: &'a BTreeMap<String, Record>,
                       first: &BTreeSet<&str>,
                       only: Option<&BTreeSet<&str>>| {
            uses.into_iter()
                .filter_map(|(name, used)| {
                    let first = if only.is_none_or(|only| only.contains(name)) { first } else { &no_fields };
                    Some(RecordUse { name: name.to_owned(), fields: fields(of.get(name)?, used, first) })
                })
                .collect()
        };
        let events: Vec<RecordUse> = records(self.events, &model.events, &self.shared, Some(&self.triggers));
        Code {
            contact: contact.unwrap_or_default(),
            entities: records(self.entities, &model.entities, &no_fields, None),
            routes: events.iter().map(|event| model.routes.get(&event.name).cloned()).collect(),
            events,
            trigger,
            ..Code::default()
        }
    }

    /// A field of all triggers: optional where it is in one of them.
    fn trigger_field(&self, model: &Model, name: &str) -> Option<FieldUse> {
        let mut found: Option<FieldUse> = None;
        for event in &self.triggers {
            let field = model.events.get(*event)?.field(name)?;
            match &mut found {
                None => found = Some(field_use(field)),
                Some(first) => first.optional |= field.optional,
            }
        }
        found
    }
}

/// The used fields of a record, `first` before the others, with those that defaults name.
fn fields(record: &Record, used: BTreeSet<&str>, first: &BTreeSet<&str>) -> Vec<FieldUse> {
    let all = with_defaults(record, used);
    let (mut ordered, others): (Vec<&str>, Vec<&str>) = all.into_iter().partition(|name| first.contains(name));
    ordered.extend(others);
    ordered.into_iter().filter_map(|name| record.field(name).map(field_use)).collect()
}

fn with_defaults<'r>(record: &'r Record, used: BTreeSet<&str>) -> BTreeSet<&'r str> {
    let mut all = BTreeSet::new();
    for field in used.into_iter().filter_map(|name| record.field(name)) {
        all.insert(field.name.as_str());
        // The field that a default names has no such default itself, or its row's id.
        let mut named = field.default.as_ref();
        while let Some(FieldDefault::Field(name)) = named {
            let Some(sibling) = record.field(name) else { break };
            if !all.insert(&sibling.name) {
                break;
            }
            named = sibling.default.as_ref();
        }
    }
    all
}

fn field_use(field: &Field) -> FieldUse {
    FieldUse {
        name: field.name.clone(),
        ty: field.ty.clone(),
        optional: field.optional,
        default: field.default.clone(),
    }
}
