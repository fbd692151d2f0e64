//! Which values a template reads, and where: a walk over MiniJinja's own tree, so that a variable is found
//! exactly where the engine would look it up.
//!
//! A name that a loop or a `set` gives to a part of a value is followed to that value: in
//! `for item in items`, `item.product.name` is `items.product.name`. What would only fail when a message is
//! rendered (an unknown filter, test or function) or must not be (`safe`) is found here too.

mod scope;

use super::{Broken, bounds};
use crate::model::{TemplateUse, TemplateVariable};
use minijinja::machinery::ast::{BinOpKind, Call, CallArg, Expr, Filter, Stmt, Test, UnaryOpKind};
use minijinja::machinery::{Span, parse};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind};
use scope::{Given, Scopes};
use std::ops::Range;

/// A template's text, and where it stands in its file.
pub(super) struct Source<'a> {
    pub text: &'a str,
    pub offset: usize,
    /// Whether what it prints is escaped; `safe` would undo that.
    pub escaped: bool,
}

/// The variables that a template reads, in the order of the text.
///
/// # Errors
///
/// What is wrong with the template, at its first place.
pub(super) fn read(environment: &Environment<'_>, source: &Source<'_>) -> Result<Vec<TemplateVariable>, Broken> {
    bounds::judge(source.text, source.offset)?;
    let tree = parse(source.text, "template", SyntaxConfig::default())
        .map_err(|error| Broken::of_compilation(&error, source.offset))?;
    let mut walk = Walk {
        environment,
        source,
        scopes: Scopes::default(),
        guards: Vec::new(),
        found: Vec::new(),
        broken: Vec::new(),
    };
    walk.statement(&tree);
    walk.found.sort_by_key(|variable| variable.range.start);
    match walk.broken.into_iter().min_by_key(|broken| broken.range.start) {
        Some(broken) => Err(broken),
        None => Ok(walk.found),
    }
}

struct Walk<'a> {
    environment: &'a Environment<'a>,
    source: &'a Source<'a>,
    scopes: Scopes,
    /// Paths that the conditions around this place have found present.
    guards: Vec<Vec<String>>,
    found: Vec<TemplateVariable>,
    broken: Vec<Broken>,
}

/// What a condition shows to be present where it holds, and where it does not.
#[derive(Default)]
struct Shown {
    if_true: Vec<Vec<String>>,
    if_false: Vec<Vec<String>>,
}

impl Walk<'_> {
    fn statements(&mut self, statements: &[Stmt<'_>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emit) => self.expression(&emit.expr, false),
            Stmt::ForLoop(repeat) => {
                self.used(&repeat.iter, false, TemplateUse::List);
                let element = self.scopes.element(&repeat.iter);
                self.scopes.enter();
                self.scopes.assign(&repeat.target, element);
                self.scopes.hide("loop");
                if let Some(filter) = &repeat.filter_expr {
                    self.condition(filter);
                }
                self.statements(&repeat.body);
                self.scopes.leave();
                self.statements(&repeat.else_body);
            }
            Stmt::IfCond(branch) => {
                let shown = self.condition(&branch.expr);
                self.guarded(shown.if_true, |walk| walk.statements(&branch.true_body));
                self.guarded(shown.if_false, |walk| walk.statements(&branch.false_body));
            }
            Stmt::WithBlock(block) => {
                self.scopes.enter();
                for (target, value) in &block.assignments {
                    self.assignment(target, value);
                }
                self.statements(&block.body);
                self.scopes.leave();
            }
            Stmt::Set(set) => self.assignment(&set.target, &set.expr),
            Stmt::SetBlock(set) => {
                self.statements(&set.body);
                if let Some(filter) = &set.filter {
                    self.expression(filter, false);
                }
                self.scopes.assign(&set.target, None);
            }
            Stmt::AutoEscape(block) => {
                if self.source.escaped {
                    self.refuse("escaping cannot be switched off", statement_range(block.span()));
                }
                self.statements(&block.body);
            }
            Stmt::FilterBlock(block) => {
                self.expression(&block.filter, false);
                self.statements(&block.body);
            }
            Stmt::Do(call) => self.call(&call.call, call.span()),
        }
    }

    fn assignment(&mut self, target: &Expr<'_>, value: &Expr<'_>) {
        self.used(value, false, TemplateUse::Either);
        let given = self.scopes.given(value);
        self.scopes.assign(target, given);
    }

    fn guarded(&mut self, shown: Vec<Vec<String>>, body: impl FnOnce(&mut Self)) {
        let before = self.guards.len();
        self.guards.extend(shown);
        body(self);
        self.guards.truncate(before);
    }

    /// Walks an expression whose value is shown or compared. `guarded`: a missing value is provided for.
    fn expression(&mut self, expression: &Expr<'_>, guarded: bool) {
        self.used(expression, guarded, TemplateUse::Value);
    }

    /// Walks an expression whose value is used.
    fn used(&mut self, expression: &Expr<'_>, guarded: bool, used: TemplateUse) {
        match expression {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.lookup(expression, guarded, used),
            Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.used(&slice.expr, guarded, TemplateUse::Either);
                [&slice.start, &slice.stop, &slice.step].into_iter().flatten().for_each(|part| {
                    self.expression(part, false);
                });
            }
            Expr::UnaryOp(unary) => match unary.op {
                UnaryOpKind::Not => {
                    self.condition(expression);
                }
                UnaryOpKind::Neg => self.expression(&unary.expr, false),
            },
            Expr::BinOp(binary) => match binary.op {
                // `x or "there"`: a missing left side is provided for.
                BinOpKind::ScOr => {
                    let shown = self.condition(&binary.left);
                    self.guarded(shown.if_false, |walk| walk.used(&binary.right, guarded, used));
                }
                BinOpKind::In => {
                    self.expression(&binary.left, false);
                    self.used(&binary.right, false, TemplateUse::Either);
                }
                _ => {
                    self.expression(&binary.left, false);
                    self.expression(&binary.right, false);
                }
            },
            Expr::Compare(compare) => {
                self.expression(&compare.expr, false);
                compare.ops.iter().for_each(|operand| self.expression(&operand.expr, false));
            }
            Expr::IfExpr(choice) => {
                let shown = self.condition(&choice.test_expr);
                self.guarded(shown.if_true, |walk| walk.used(&choice.true_expr, guarded, used));
                if let Some(otherwise) = &choice.false_expr {
                    self.guarded(shown.if_false, |walk| walk.used(otherwise, guarded, used));
                }
            }
            Expr::Filter(filter) => self.filter(filter, filter.span()),
            Expr::Test(test) => {
                self.test(test, test.span());
            }
            Expr::Call(call) => self.call(call, call.span()),
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Map(map) => {
                map.keys.iter().chain(&map.values).for_each(|item| self.expression(item, false));
            }
        }
    }

    /// Walks an expression of which only the truth is asked; there a missing value is false.
    fn condition(&mut self, expression: &Expr<'_>) -> Shown {
        match expression {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => {
                self.lookup(expression, true, TemplateUse::Either);
                Shown { if_true: self.scopes.path(expression).into_iter().collect(), if_false: Vec::new() }
            }
            Expr::Test(test) => self.test(test, test.span()),
            Expr::UnaryOp(unary) if matches!(unary.op, UnaryOpKind::Not) => {
                let shown = self.condition(&unary.expr);
                Shown { if_true: shown.if_false, if_false: shown.if_true }
            }
            Expr::BinOp(binary) if matches!(binary.op, BinOpKind::ScAnd) => {
                let mut left = self.condition(&binary.left);
                let mut right = Shown::default();
                self.guarded(left.if_true.clone(), |walk| right = walk.condition(&binary.right));
                left.if_true.extend(right.if_true);
                Shown { if_true: left.if_true, if_false: Vec::new() }
            }
            Expr::BinOp(binary) if matches!(binary.op, BinOpKind::ScOr) => {
                let mut left = self.condition(&binary.left);
                let mut right = Shown::default();
                self.guarded(left.if_false.clone(), |walk| right = walk.condition(&binary.right));
                left.if_false.extend(right.if_false);
                Shown { if_true: Vec::new(), if_false: left.if_false }
            }
            _ => {
                self.expression(expression, false);
                Shown::default()
            }
        }
    }

    /// `product.name`, `items[0].product`: the longest chain is one variable.
    fn lookup(&mut self, expression: &Expr<'_>, guarded: bool, used: TemplateUse) {
        match self.scopes.given(expression) {
            Some(Given { path, is_element }) => {
                let used = if is_element { TemplateUse::Element } else { used };
                self.report(path, chain_range(expression), guarded, used);
            }
            // A name of the template's own, or a chain on something that is no name.
            None => match expression {
                Expr::GetAttr(attribute) => self.expression(&attribute.expr, false),
                Expr::GetItem(item) => self.expression(&item.expr, false),
                _ => {}
            },
        }
        let mut chain = expression;
        loop {
            chain = match chain {
                Expr::GetAttr(attribute) => &attribute.expr,
                Expr::GetItem(item) => {
                    self.expression(&item.subscript_expr, false);
                    &item.expr
                }
                _ => return,
            };
        }
    }

    fn report(&mut self, path: Vec<String>, range: Range<usize>, guarded: bool, used: TemplateUse) {
        // The list itself is always there.
        if path == ["items"] {
            return;
        }
        let guarded = guarded || self.guards.iter().any(|guard| shows(guard, &path));
        let range = range.start + self.source.offset..range.end + self.source.offset;
        self.found.push(TemplateVariable { path, range, guarded, used });
    }

    fn filter(&mut self, filter: &Filter<'_>, span: Span) {
        let unknown = || self.environment.empty_state().apply_filter(filter.name, &[]);
        if filter.name == "safe" {
            self.refuse("`safe` would let data write HTML; what is printed is always escaped", range(span));
        } else if unknown().is_err_and(|error| error.kind() == ErrorKind::UnknownFilter) {
            self.refuse(format!("there is no filter `{}`", filter.name), range(span));
        }
        let provides = matches!(filter.name, "default" | "d");
        if let Some(operand) = &filter.expr {
            let used = if takes_lists(filter.name) { TemplateUse::Either } else { TemplateUse::Value };
            self.used(operand, provides, used);
            if let (Some(path), Some((attribute, place))) = (self.scopes.path(operand), attribute_of(filter)) {
                let path = path.into_iter().chain(attribute.split('.').map(str::to_owned)).collect();
                self.report(path, range(place), provides, TemplateUse::Value);
            }
        }
        self.arguments(&filter.args);
    }

    fn test(&mut self, test: &Test<'_>, span: Span) -> Shown {
        let unknown = self.environment.empty_state().perform_test(test.name, &[]);
        if unknown.is_err_and(|error| error.kind() == ErrorKind::UnknownTest) {
            self.refuse(format!("there is no test `{}`", test.name), range(span));
        }
        self.arguments(&test.args);
        let about_presence = matches!(test.name, "defined" | "undefined" | "none");
        self.used(&test.expr, about_presence, TemplateUse::Either);
        let path: Vec<_> = self.scopes.path(&test.expr).into_iter().collect();
        match test.name {
            "defined" => Shown { if_true: path, if_false: Vec::new() },
            "undefined" => Shown { if_true: Vec::new(), if_false: path },
            _ => Shown::default(),
        }
    }

    fn call(&mut self, call: &Call<'_>, span: Span) {
        let known = match &call.expr {
            Expr::Var(name) => self.environment.globals().any(|(global, _)| global == name.id),
            // `loop.cycle(...)` and `loop.changed(...)` are the only methods.
            Expr::GetAttr(attribute) => matches!(&attribute.expr, Expr::Var(name) if name.id == "loop"),
            _ => false,
        };
        if !known {
            let start = chain_range(&call.expr).start.min(range(span).start);
            self.refuse("there is no such function", start..range(span).end);
        }
        self.arguments(&call.args);
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => self.expression(value, false),
            }
        }
    }

    fn refuse(&mut self, reason: impl Into<String>, range: Range<usize>) {
        let range = range.start + self.source.offset..range.end + self.source.offset;
        self.broken.push(Broken::new(reason, range));
    }
}

/// Whether a path found present says that another is. A reference that is there has its fields; that a record
/// such as `product` is there says nothing of its fields.
fn shows(guard: &[String], path: &[String]) -> bool {
    guard == path || (guard.len() > 1 && path.starts_with(guard))
}

/// The field that a filter reads of each element: `items|map(attribute="product.name")`.
fn attribute_of(filter: &Filter<'_>) -> Option<(String, Span)> {
    let by_name = filter.args.iter().find_map(|argument| match argument {
        CallArg::Kwarg("attribute", value) => Some(value),
        _ => None,
    });
    let by_place = match (filter.name, filter.args.first()) {
        ("selectattr" | "rejectattr" | "groupby", Some(CallArg::Pos(value))) => Some(value),
        _ => None,
    };
    match by_name.or(by_place)? {
        Expr::Const(constant) => Some((constant.value.as_str()?.to_owned(), constant.span())),
        _ => None,
    }
}

/// Filters that take a list.
fn takes_lists(filter: &str) -> bool {
    scope::keeps_elements(filter)
        || matches!(
            filter,
            "default"
                | "d"
                | "length"
                | "count"
                | "join"
                | "map"
                | "select"
                | "reject"
                | "min"
                | "max"
                | "sum"
                | "groupby"
        )
}

/// Where a chain stands. The engine's own span of a longer chain leaves out its first names.
fn chain_range(expression: &Expr<'_>) -> Range<usize> {
    let mut range = range(expression.span());
    let mut chain = expression;
    loop {
        range.start = range.start.min(chain.span().start_offset as usize);
        chain = match chain {
            Expr::GetAttr(attribute) => &attribute.expr,
            Expr::GetItem(item) => &item.expr,
            Expr::Slice(slice) => &slice.expr,
            Expr::Filter(filter) => match &filter.expr {
                Some(operand) => operand,
                None => return range,
            },
            _ => return range,
        };
    }
}

fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

/// A block is shown by its first word.
fn statement_range(span: Span) -> Range<usize> {
    let start = span.start_offset as usize;
    start..(start + 1).min(span.end_offset as usize)
}
