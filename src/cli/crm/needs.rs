//! What scenarios need of a CRM: tables or views, and their columns.

use crate::ir::{Code, FieldUse};
use crate::model::{CrmShape, FRIEND, OWN_EVENTS, Type};
use std::collections::{BTreeMap, BTreeSet};

/// A table or a view that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) table: String,
    pub(super) columns: Vec<Column>,
    /// What follows where there is no such table, if a scenario can run all the same.
    pub(super) without: Option<&'static str>,
}

/// A column that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// What it holds, in words.
    pub(super) holds: String,
    /// Whether it may be left out: it reads as missing then.
    pub(super) optional: bool,
}

/// How a need is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Met,
    Absent,
    /// There is none, and this is what follows.
    LeftOut(&'static str),
    /// A view that the database cannot read, and why.
    Broken(String),
    Lacks {
        is_view: bool,
        required: Vec<Column>,
        optional: Vec<Column>,
    },
}

impl Column {
    fn required(name: &str, holds: impl Into<String>) -> Column {
        Column { name: name.to_owned(), holds: holds.into(), optional: false }
    }
}

/// All needs, in the order of names; columns in the order in which they are met first.
pub(super) fn of<'a>(codes: impl Iterator<Item = &'a Code>) -> Vec<Need> {
    let mut needs = Needs::default();
    for code in codes {
        needs.record("contact", &[id()], &code.contact);
        for entity in code.entities.iter().filter(|entity| !entity.fields.is_empty()) {
            needs.record(&entity.name, &[id()], &entity.fields);
        }
        for (place, event) in code.events.iter().enumerate() {
            let contact = Column::required("contact", "the id of a contact");
            let at = Column::required("at", describe(&Type::Instant));
            let always = [id(), contact, at];
            match code.routes.get(place).and_then(Option::as_ref) {
                // What is told on is in the table of the event that is told, and whom it is told to with the contact.
                Some(route) => {
                    let told: Vec<FieldUse> =
                        event.fields.iter().filter(|field| field.name != FRIEND).cloned().collect();
                    needs.record(&route.event, &always, &told);
                    let to = Column { optional: true, ..Column::required(&route.to, "the id of a contact") };
                    needs.column("contact", to);
                }
                None => needs.record(&event.name, &always, &event.fields),
            }
        }
    }
    let need = |(table, columns): (String, Vec<Column>)| {
        let without = match () {
            () if needs.lists.contains(&table) => Some("all lists are empty without it"),
            () if OWN_EVENTS.contains(&table.as_str()) => Some("what `scn` makes itself is known without it"),
            () => None,
        };
        Need { table, columns, without }
    };
    needs.tables.into_iter().map(need).collect()
}

fn id() -> Column {
    Column::required("id", "a whole number or a text, another one in each row")
}

#[derive(Default)]
struct Needs {
    tables: BTreeMap<String, Vec<Column>>,
    /// The tables of many-valued fields.
    lists: BTreeSet<String>,
}

impl Needs {
    fn record(&mut self, name: &str, always: &[Column], fields: &[FieldUse]) {
        always.iter().for_each(|column| self.column(name, column.clone()));
        let is_list = |field: &&FieldUse| matches!(field.ty, Type::List(_) | Type::Texts);
        // A list is a table of its own.
        for field in fields.iter().filter(is_list) {
            let table = format!("{name}_{}", field.name);
            self.column(&table, Column::required(name, format!("the id of a {name}")));
            self.column(&table, Column::required(&field.name, describe(&field.ty)));
            self.column(
                &table,
                Column { optional: true, ..Column::required("rank", "a number, the first is the least") },
            );
            self.lists.insert(table);
        }
        for field in fields.iter().filter(|field| field.name != "id" && !is_list(field)) {
            let optional = field.optional || field.default.is_some();
            self.column(name, Column { name: field.name.clone(), holds: describe(&field.ty), optional });
        }
    }

    fn column(&mut self, table: &str, column: Column) {
        let columns = self.tables.entry(table.to_owned()).or_default();
        if !columns.iter().any(|each| each.name == column.name) {
            columns.push(column);
        }
    }
}

/// What a column of this type holds.
fn describe(ty: &Type) -> String {
    match ty {
        Type::Text | Type::Message => "a text".into(),
        Type::Number => "a number".into(),
        Type::Flag => "0 or 1".into(),
        Type::Money => "an amount, as a decimal number".into(),
        Type::Percent => "a fraction: 0.5 is 50%".into(),
        Type::Instant => "an instant: `2011-03-04T10:00:00Z`, or seconds since 1970".into(),
        Type::Date => "a date: `2011-03-04`".into(),
        Type::Time => "a time: `09:00`".into(),
        Type::Duration => "a duration: `5 years` or `P5Y`".into(),
        Type::Enumeration(_) => format!("one of {}", ty.describe()),
        Type::Entity(name) | Type::List(name) => format!("the id of a {name}"),
        Type::Texts => "a text".into(),
    }
}

impl Need {
    pub(super) fn state(&self, shape: &CrmShape, broken: &BTreeMap<String, String>) -> State {
        if let Some(reason) = broken.get(&self.table) {
            return State::Broken(reason.clone());
        }
        let Some(table) = shape.table(&self.table) else {
            return self.without.map_or(State::Absent, State::LeftOut);
        };
        let lacking = self.columns.iter().filter(|column| !table.has(&column.name)).cloned();
        let (optional, required): (Vec<Column>, Vec<Column>) = lacking.partition(|column| column.optional);
        match required.is_empty() && optional.is_empty() {
            true => State::Met,
            false => State::Lacks { is_view: table.is_view, required, optional },
        }
    }
}

impl State {
    /// Whether a scenario cannot run without what is missing.
    pub(super) fn keeps_from_running(&self) -> bool {
        match self {
            State::Met | State::LeftOut(_) => false,
            State::Absent | State::Broken(_) => true,
            State::Lacks { required, .. } => !required.is_empty(),
        }
    }

    pub(super) fn describe(&self) -> String {
        let names = |columns: &[Column]| columns.iter().map(|each| each.name.as_str()).collect::<Vec<_>>().join(", ");
        match self {
            State::Met => "there".into(),
            State::Absent => "missing".into(),
            State::LeftOut(without) => format!("may be left out: {without}"),
            State::Broken(reason) => format!("a view that cannot be read: {reason}"),
            State::Lacks { required, optional, .. } if required.is_empty() => {
                format!("there, but for {}, which may be left out", names(optional))
            }
            State::Lacks { required, .. } => format!("lacks {}", names(required)),
        }
    }
}
