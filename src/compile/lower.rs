//! Expressions to a flat form. Equal expressions get one place, so that equal histories share a probe.

use super::uses::Uses;
use crate::check::typed::{self, Expr as Typed, Kind};
use crate::ir::{Aggregate, Code, Expr, ExprIx, FieldUse, Probe, ProbeIx, RecordUse, Window};
use crate::model::Model;
use crate::syntax::tree::{Factor, Sign};
use rustc_hash::FxHashMap;

/// An expression was in error: nothing can be made of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InError;

/// The events that a history or an aggregate asks for.
struct Asked {
    probe: ProbeIx,
    keys: Vec<ExprIx>,
    window: Window,
    /// What also depends on the instance.
    filter: Option<ExprIx>,
}

/// Fills the expressions and probes of one [`Code`].
#[derive(Debug)]
pub struct Lowerer {
    pub code: Code,
    places: FxHashMap<Expr, ExprIx>,
    probes: FxHashMap<Probe, ProbeIx>,
}

impl Lowerer {
    pub fn new(uses: Uses, model: &Model) -> Lowerer {
        Lowerer { code: uses.lists(model), places: FxHashMap::default(), probes: FxHashMap::default() }
    }

    fn push(&mut self, expr: Expr) -> ExprIx {
        if let Some(place) = self.places.get(&expr) {
            return *place;
        }
        let place = self.code.exprs.push(expr.clone());
        self.places.insert(expr, place);
        place
    }

    /// One expression, in the filter of `event` where there is one.
    pub fn expr(&mut self, typed: &Typed, event: Option<&str>) -> Result<ExprIx, InError> {
        if typed.ty.is_none() {
            return Err(InError);
        }
        let lowered = match &typed.kind {
            Kind::Error => return Err(InError),
            Kind::Literal(literal) => Expr::Literal(literal.clone()),
            Kind::Now => Expr::Now,
            Kind::Entry => Expr::Entry,
            Kind::LastMessage => Expr::LastMessage,
            Kind::Contact(name) => Expr::Contact(slot(&self.code.contact, name)?),
            Kind::ContactId => Expr::ContactId,
            Kind::Trigger(name) => Expr::Trigger(slot(&self.code.trigger, name)?),
            Kind::Event(name) => Expr::Event(slot(&record(&self.code.events, event.ok_or(InError)?)?.1.fields, name)?),
            Kind::Field { of, entity, field } => {
                let of = self.expr(of, event)?;
                let (entity, uses) = record(&self.code.entities, entity)?;
                Expr::Field { of, entity, field: slot(&uses.fields, field)? }
            }
            Kind::Has(inner) => Expr::Has(self.expr(inner, event)?),
            Kind::IsEmpty(inner) => Expr::IsEmpty(self.expr(inner, event)?),
            Kind::Not(inner) => Expr::Not(self.expr(inner, event)?),
            Kind::Negate(inner) => Expr::Negate(self.expr(inner, event)?),
            Kind::Round(inner) => Expr::Round(self.expr(inner, event)?),
            Kind::And(all) => Expr::And(self.all(all, event)?),
            Kind::Or(all) => Expr::Or(self.all(all, event)?),
            Kind::Equal(pair) => self.pair(pair, event, Expr::Equal)?,
            Kind::Less(pair) => self.pair(pair, event, Expr::Less)?,
            Kind::LessOrEqual(pair) => self.pair(pair, event, Expr::LessOrEqual)?,
            Kind::Default(pair) => self.pair(pair, event, Expr::Default)?,
            Kind::In(value, list) => Expr::In(self.expr(value, event)?, self.all(list, event)?),
            Kind::Sum(terms) => {
                let chain = terms.iter().map(|(sign, term)| (*sign == Sign::Minus, term));
                return self.chain(chain, event, Expr::Add, Expr::Subtract);
            }
            Kind::Product(factors) => {
                let chain = factors.iter().map(|(factor, each)| (*factor == Factor::Over, each));
                return self.chain(chain, event, Expr::Multiply, Expr::Divide);
            }
            Kind::If { arms, otherwise } => return self.choice(arms, otherwise, event),
            Kind::History(history) => self.history(history, event)?,
            Kind::Missing => Expr::Missing,
            Kind::EventAt => Expr::EventAt,
            Kind::OwnMessage(names) => Expr::OwnMessage(names.clone()),
            Kind::Balance(account) => Expr::Balance(account.clone()),
            Kind::Measure(name) => Expr::Measure(name.clone()),
            Kind::InScenario(name) => Expr::InScenario(name.clone()),
            Kind::IsUnknown(inner) => Expr::IsUnknown(self.expr(inner, event)?),
            Kind::InList(pair) => self.pair(pair, event, Expr::InList)?,
            Kind::Top(count, list) => Expr::Top(*count, self.expr(list, event)?),
            Kind::Element => Expr::Element,
            Kind::Aggregate(aggregate) => self.aggregate(aggregate, event)?,
            Kind::Recommend { count, history, product, complements } => {
                let own = Some(history.event.as_str());
                let asked = self.asked(history, event)?;
                let (product, complements) = (self.expr(product, own)?, self.expr(complements, own)?);
                Expr::Recommend { count: *count, probe: asked.probe, product, complements }
            }
        };
        Ok(self.push(lowered))
    }

    fn all(&mut self, all: &[Typed], event: Option<&str>) -> Result<Vec<ExprIx>, InError> {
        all.iter().map(|each| self.expr(each, event)).collect()
    }

    /// All of them; the one where there is one, nothing where there is none.
    pub fn conjunction(&mut self, all: &[Typed], event: Option<&str>) -> Result<Option<ExprIx>, InError> {
        Ok(match all {
            [] => None,
            [only] => Some(self.expr(only, event)?),
            several => {
                let several = self.all(several, event)?;
                Some(self.push(Expr::And(several)))
            }
        })
    }

    /// The opposite of a condition.
    pub fn not(&mut self, condition: &Typed) -> Result<ExprIx, InError> {
        let condition = self.expr(condition, None)?;
        Ok(self.push(Expr::Not(condition)))
    }

    fn pair(
        &mut self,
        pair: &(Typed, Typed),
        event: Option<&str>,
        make: fn(ExprIx, ExprIx) -> Expr,
    ) -> Result<Expr, InError> {
        Ok(make(self.expr(&pair.0, event)?, self.expr(&pair.1, event)?))
    }

    /// `first + second - third`, from the left.
    fn chain<'t>(
        &mut self,
        chain: impl Iterator<Item = (bool, &'t Typed)>,
        event: Option<&str>,
        make: fn(ExprIx, ExprIx) -> Expr,
        make_inverse: fn(ExprIx, ExprIx) -> Expr,
    ) -> Result<ExprIx, InError> {
        let mut total: Option<ExprIx> = None;
        for (inverse, term) in chain {
            let term = self.expr(term, event)?;
            total = Some(match total {
                None => term,
                Some(before) if inverse => self.push(make_inverse(before, term)),
                Some(before) => self.push(make(before, term)),
            });
        }
        total.ok_or(InError)
    }

    fn choice(&mut self, arms: &[(Typed, Typed)], otherwise: &Typed, event: Option<&str>) -> Result<ExprIx, InError> {
        let mut lowered = Vec::with_capacity(arms.len());
        for (condition, value) in arms {
            lowered.push((self.expr(condition, event)?, self.expr(value, event)?));
        }
        let mut otherwise = self.expr(otherwise, event)?;
        for (condition, then) in lowered.into_iter().rev() {
            otherwise = self.push(Expr::If { condition, then, otherwise });
        }
        Ok(otherwise)
    }

    fn history(&mut self, history: &typed::History, event: Option<&str>) -> Result<Expr, InError> {
        let Asked { probe, keys, window, filter } = self.asked(history, event)?;
        Ok(match filter {
            None => Expr::History { probe, keys, window },
            Some(filter) => Expr::Scan { probe, keys, window, filter },
        })
    }

    fn aggregate(&mut self, aggregate: &typed::Aggregate, event: Option<&str>) -> Result<Expr, InError> {
        let Asked { probe, keys, window, filter } = self.asked(&aggregate.history, event)?;
        let own = Some(aggregate.history.event.as_str());
        let of = aggregate.of.as_ref().map(|of| self.expr(of, own)).transpose()?;
        Ok(Expr::Aggregate(Aggregate { kind: aggregate.kind, probe, keys, window, filter, of }))
    }

    /// The events that are asked for; `event` is the one at hand where it is asked.
    fn asked(&mut self, history: &typed::History, event: Option<&str>) -> Result<Asked, InError> {
        let own = Some(history.event.as_str());
        let filter = self.conjunction(&history.filters, own)?;
        let mut of_event = Vec::with_capacity(history.keys.len());
        let mut keys = Vec::with_capacity(history.keys.len());
        for key in &history.keys {
            of_event.push(self.expr(&key.of_event, own)?);
            keys.push(self.expr(&key.of_instance, event)?);
        }
        let probe = self.probe(Probe { event: record(&self.code.events, &history.event)?.0, filter, keys: of_event });
        let window = match &history.window {
            typed::Window::Since(from) => Window::Since(self.expr(from, event)?),
            typed::Window::InLast(length) => Window::InLast(self.expr(length, event)?),
            typed::Window::Ever => Window::Ever,
        };
        Ok(Asked { probe, keys, window, filter: self.conjunction(&history.instance_filters, own)? })
    }

    fn probe(&mut self, probe: Probe) -> ProbeIx {
        if let Some(place) = self.probes.get(&probe) {
            return *place;
        }
        let place = self.code.probes.push(probe.clone());
        self.probes.insert(probe, place);
        place
    }

    /// The slot of a field of the contact.
    pub fn contact(&self, name: &str) -> Result<u16, InError> {
        slot(&self.code.contact, name)
    }

    /// The slot of an event of the program.
    pub fn event(&self, name: &str) -> Result<u16, InError> {
        Ok(record(&self.code.events, name)?.0)
    }
}

fn slot(fields: &[FieldUse], name: &str) -> Result<u16, InError> {
    let place = fields.iter().position(|field| field.name == name).ok_or(InError)?;
    u16::try_from(place).map_err(|_| InError)
}

fn record<'r>(records: &'r [RecordUse], name: &str) -> Result<(u16, &'r RecordUse), InError> {
    let place = records.iter().position(|record| record.name == name).ok_or(InError)?;
    Ok((u16::try_from(place).map_err(|_| InError)?, records.get(place).ok_or(InError)?))
}
