//! Lists: those of the CRM (`product.complements`, `contact.tags`), written ones, `top N of` and `recommend(N)`.

use super::exprs::flag;
use super::literals::{a, time_of};
use super::scope::{Checker, Scope, out_of_context};
use super::typed::{Expr, History, Kind, Window};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Literal, Record, Type};
use crate::span::{Span, Spanned};
use crate::syntax::tree::{self, ExprKind, Word};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The event from which complements are recommended, its field, and the list of its entity.
const PURCHASED: &str = "purchased";
const PRODUCT: &str = "product";
const COMPLEMENTS: &str = "complements";

/// Whether a type is that of a list.
pub(super) fn is_list(ty: Option<&Type>) -> bool {
    matches!(ty, Some(Type::List(_) | Type::Texts))
}

impl Checker<'_> {
    /// `PATH is empty`
    pub(super) fn is_empty(&mut self, scope: &Scope, value: Expr, span: Span) -> Expr {
        if self.refuse_history(scope, &value) {
            return Expr::error(span);
        }
        match &value.ty {
            None => Expr::error(span),
            Some(ty) if *ty != Type::Text && !is_list(Some(ty)) && !value.optional => {
                let found =
                    Diagnostic::new(Rule::TypeMismatch, format!("{} that is always present is never empty", a(ty)))
                        .at(value.span, "never empty")
                        .help("leave this condition out, or compare the value");
                self.report(scope, found);
                Expr::error(span)
            }
            Some(_) => flag(Kind::IsEmpty(Box::new(value)), false, span),
        }
    }

    /// `VALUE in LIST`, the value as `written`.
    pub(super) fn is_in(&mut self, scope: &Scope, value: Expr, written: &str, list: &tree::Expr, span: Span) -> Expr {
        if value.is_history()
            && let Some(time) = time_of(list)
        {
            let found = Diagnostic::new(Rule::HistoryCompared, format!("`in {time}` lacks its `last`"))
                .at(list.span, "counted back from now")
                .help(format!("write `in last {time}`"))
                .fix(Span { end: list.span.start, ..list.span }, "last ");
            self.report(scope, found);
            return Expr::error(span);
        }
        if self.refuse_history(scope, &value) {
            return Expr::error(span);
        }
        let ExprKind::List(values) = &list.kind else {
            let list = self.expr(scope, list);
            return self.is_in_list(scope, value, list, span);
        };
        if is_list(value.ty.as_ref()) {
            let found = Diagnostic::new(Rule::TypeMismatch, "a list is not looked for in another")
                .at(value.span, "a list")
                .help(match values.first().map(|value| &value.kind) {
                    Some(ExprKind::Text(text)) => {
                        format!("the value comes first, then `in`: `\"{text}\" in {written}`")
                    }
                    _ => format!("the value comes first, then `in`: `VALUE in {written}`"),
                });
            self.report(scope, found);
            return Expr::error(span);
        }
        let mut checked = Vec::with_capacity(values.len());
        for each in values {
            let each = self.expr(scope, each);
            if self.refuse_history(scope, &each) {
                return Expr::error(span);
            }
            if let Some((_, each)) = self.alike(scope, value.clone(), each) {
                checked.push(each);
            }
        }
        // Of a list that lacks what is in error nothing can be concluded.
        if checked.len() < values.len() {
            return Expr::error(span);
        }
        let optional = value.optional || checked.iter().any(|each| each.optional);
        flag(Kind::In(Box::new(value), checked), optional, span)
    }

    /// Whether a value is in a list of the CRM.
    fn is_in_list(&mut self, scope: &Scope, value: Expr, list: Expr, span: Span) -> Expr {
        let wanted = match &list.ty {
            None => return Expr::error(span),
            Some(Type::List(entity)) => Type::Entity(entity.clone()),
            Some(Type::Texts) => Type::Text,
            Some(ty) => {
                let found = Diagnostic::new(Rule::TypeMismatch, format!("{} is not a list", a(ty)))
                    .at(list.span, "a list is expected after `in`")
                    .help("write the values in brackets: `in [\"a\", \"b\"]`");
                self.report(scope, found);
                return Expr::error(span);
            }
        };
        match self.fit(value, &wanted) {
            Ok(value) if value.ty.is_none() => Expr::error(span),
            Ok(value) => {
                let optional = value.optional || list.optional;
                flag(Kind::InList(Box::new((value, list))), optional, span)
            }
            Err(found) => {
                self.report(scope, *found);
                Expr::error(span)
            }
        }
    }

    /// Lists are asked what is in them, and not compared.
    pub(super) fn refuse_list(&mut self, scope: &Scope, value: &Expr) -> bool {
        let Some(ty) = value.ty.as_ref().filter(|ty| is_list(Some(ty))) else { return false };
        let found = Diagnostic::new(Rule::TypeMismatch, format!("{} is not compared", a(ty)))
            .at(value.span, "a list")
            .help("ask what is in it: `VALUE in LIST`, or `LIST is not empty`");
        self.report(scope, found);
        true
    }

    /// `top 3 of product.complements`
    pub(super) fn top(&mut self, scope: &Scope, count: &Spanned<Decimal>, of: &tree::Expr, span: Span) -> Expr {
        let list = self.expr(scope, of);
        let count = self.count(scope, count.value, count.span);
        let (Some(ty), Some(count)) = (list.ty.clone(), count) else { return Expr::error(span) };
        if !is_list(Some(&ty)) {
            let found = Diagnostic::new(Rule::TypeMismatch, format!("{} is not a list", a(&ty)))
                .at(list.span, "a list is expected after `top ... of`")
                .help("name a list, such as `product.complements`");
            self.report(scope, found);
            return Expr::error(span);
        }
        let optional = list.optional;
        Expr::new(Kind::Top(count, Box::new(list)), ty, optional, span)
    }

    /// How many of a list: a whole number, at least one.
    fn count(&mut self, scope: &Scope, count: Decimal, span: Span) -> Option<u32> {
        let whole = (count.fract().is_zero() && count >= Decimal::ONE).then(|| count.to_u32()).flatten();
        if whole.is_none() {
            let found = Diagnostic::new(Rule::BadLiteral, "this is no number of things")
                .at(span, "a whole number from 1 on is expected")
                .help("write how many, such as `3`");
            self.report(scope, found);
        }
        whole
    }

    /// `recommend(4)`: the best complements of what the contact bought, without what they bought already.
    pub(super) fn recommend(&mut self, scope: &Scope, name: &Word, arguments: &[tree::Expr], span: Span) -> Expr {
        let [argument] = arguments else {
            let found =
                Diagnostic::new(Rule::WrongArguments, format!("`recommend` takes one value, not {}", arguments.len()))
                    .at(name.span, "used here")
                    .help("write how many, such as `recommend(4)`");
            self.report(scope, found);
            return Expr::error(span);
        };
        if !scope.has_histories() || scope.in_filter {
            self.report(scope, out_of_context("recommend", scope.place, span));
            return Expr::error(span);
        }
        let number = self.expr(scope, argument);
        let count = match &number.kind {
            Kind::Literal(Literal::Number(count)) if number.ty == Some(Type::Number) => *count,
            Kind::Error => return Expr::error(span),
            _ => Decimal::ZERO,
        };
        let Some(count) = self.count(scope, count, argument.span) else { return Expr::error(span) };
        match self.recommended(count, span) {
            Ok(found) => found,
            Err(lacking) => {
                let found = Diagnostic::new(Rule::UnknownField, format!("nothing is known to recommend: {lacking}"))
                    .at(span, "recommends the complements of what was bought")
                    .help("declare `purchased` with a `product`, and its entity with its list of `complements`");
                self.report(scope, found);
                Expr::error(span)
            }
        }
    }

    fn recommended(&self, count: u32, span: Span) -> Result<Expr, String> {
        let model = &self.names.model;
        let event: &Record = model.events.get(PURCHASED).ok_or("the model has no event `purchased`")?;
        let field = event.field(PRODUCT).ok_or("`purchased` has no field `product`")?;
        let Type::Entity(entity) = &field.ty else { return Err("`purchased.product` is no entity".into()) };
        let complements = model.entities.get(entity).and_then(|record| record.field(COMPLEMENTS));
        let is_own = complements.is_some_and(|field| field.ty == Type::List(entity.clone()));
        let Some(complements) = complements.filter(|_| is_own) else {
            return Err(format!("`{entity}` has no list `complements` of its own kind"));
        };
        let product = self.field_of(event, field, Kind::Event(PRODUCT.to_owned()), span);
        let of = Kind::Field { of: Box::new(product.clone()), entity: entity.clone(), field: COMPLEMENTS.to_owned() };
        let complements = Expr::new(of, complements.ty.clone(), product.optional, span);
        let history = History {
            event: PURCHASED.to_owned(),
            filters: Vec::new(),
            keys: Vec::new(),
            instance_filters: Vec::new(),
            window: Window::Ever,
        };
        let ty = Type::List(entity.clone());
        let kind = Kind::Recommend {
            count,
            history: Box::new(history),
            product: Box::new(product),
            complements: Box::new(complements),
        };
        Ok(Expr::new(kind, ty, false, span))
    }
}
