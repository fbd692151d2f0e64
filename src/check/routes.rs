//! Routes: an event of one contact that is told to another, under a name of its own.

use super::literals::a;
use super::names::{Names, declared_twice, unknown_field, with_suggestion};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{FRIEND, Field, OWN_EVENTS, Record, Route, Type};
use crate::span::Span;
use crate::syntax::tree::{self, Path};

impl<'a> Names<'a> {
    /// `route EVENT to contact.FIELD as NAME`: the event NAME has the fields of EVENT, and from whom it comes.
    pub(super) fn route(&mut self, route: &'a tree::Route, out: &mut Vec<Diagnostic>) {
        if !self.owns(&route.name) {
            return;
        }
        let to = self.receiver(&route.to, out);
        let fields = self.routed_fields(route, out);
        let Some((to, fields)) = to.zip(fields) else {
            // Uses of an event in error are silent.
            self.model.events.remove(&route.name.value);
            self.silent.insert(route.name.value.clone());
            return;
        };
        for (field, span) in self.added(&route.name.value) {
            out.push(
                Diagnostic::new(Rule::OutOfContext, format!("`{field}` cannot be added to a routed event"))
                    .at(span, "nothing would fill it")
                    .help(format!("add it to `{}`: a routed event has all its fields", route.event.value)),
            );
        }
        if let Some(event) = self.model.events.get_mut(&route.name.value) {
            event.fields = fields;
        }
        self.model.routes.insert(route.name.value.clone(), Route { event: route.event.value.clone(), to });
    }

    /// The fields that `extend` gave to a record.
    fn added(&self, record: &str) -> Vec<(String, Span)> {
        let of = self.field_places.iter().filter(|((of, _), _)| of == record);
        of.map(|((_, field), span)| (field.clone(), *span)).collect()
    }

    fn routed_fields(&self, route: &'a tree::Route, out: &mut Vec<Diagnostic>) -> Option<Vec<Field>> {
        let word = &route.event;
        let Some(event) = self.model.events.get(&word.value) else {
            if !self.is_silent(&word.value) {
                let found = Diagnostic::new(Rule::UnknownName, format!("no event is called `{}`", word.value));
                let near = suggestion(&word.value, self.model.events.keys().map(String::as_str));
                out.push(with_suggestion(found, word, near, "declare it with `event`"));
            }
            return None;
        };
        let refused = if OWN_EVENTS.contains(&word.value.as_str()) {
            Some("what scn itself does or sends is not told to others")
        } else if self.model.routes.contains_key(&word.value) || word.value == route.name.value {
            Some("it is a routed event itself")
        } else {
            None
        };
        if let Some(why) = refused {
            out.push(
                Diagnostic::new(Rule::OutOfContext, format!("`{}` cannot be routed", word.value))
                    .at(word.span, why)
                    .help("route an event of the CRM, such as `purchased`"),
            );
            return None;
        }
        if event.field(FRIEND).is_some() {
            let place = self.field_places.get(&(word.value.clone(), FRIEND.to_owned()));
            out.push(
                declared_twice("field", FRIEND, route.name.span, place.copied().unwrap_or(word.span))
                    .because("a routed event says in `friend` from whom it comes")
                    .help(format!("rename the field `{FRIEND}` of `{}`", word.value)),
            );
            return None;
        }
        let mut fields = event.fields.clone();
        fields.push(Field {
            name: FRIEND.to_owned(),
            ty: Type::Entity("contact".to_owned()),
            optional: false,
            default: None,
            doc: Some("The contact from whom it comes.".to_owned()),
        });
        Some(fields)
    }

    /// The contact's field that names to whom.
    fn receiver(&self, path: &Path, out: &mut Vec<Diagnostic>) -> Option<String> {
        let contact: &Record = self.model.entities.get("contact")?;
        let [root, word] = path.segments.as_slice() else {
            out.push(no_receiver(path.span));
            return None;
        };
        if root.value != "contact" {
            out.push(no_receiver(path.span));
            return None;
        }
        let Some(field) = contact.field(&word.value) else {
            out.push(unknown_field(word, contact));
            return None;
        };
        if self.is_broken("contact", &field.name) {
            return None;
        }
        if field.ty != Type::Entity("contact".to_owned()) {
            out.push(
                Diagnostic::new(Rule::TypeMismatch, format!("`{}` is {}, not a contact", word.value, a(&field.ty)))
                    .at(word.span, "to whom?")
                    .help("name a field that holds a contact, such as `contact.referrer`"),
            );
            return None;
        }
        Some(field.name.clone())
    }
}

fn no_receiver(span: Span) -> Diagnostic {
    Diagnostic::new(Rule::TypeMismatch, "an event is routed to a contact")
        .at(span, "not a field of the contact to whom it happens")
        .help("name a field that holds a contact, such as `contact.referrer`")
}
