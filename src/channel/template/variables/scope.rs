//! The names that a template itself gives, and what they stand for.

use minijinja::machinery::ast::Expr;

/// Names in reach, the innermost last. `None`: a value of the template's own making.
#[derive(Debug)]
pub(super) struct Scopes {
    all: Vec<Vec<(String, Option<Vec<String>>)>>,
}

impl Default for Scopes {
    fn default() -> Scopes {
        Scopes { all: vec![Vec::new()] }
    }
}

impl Scopes {
    pub(super) fn enter(&mut self) {
        self.all.push(Vec::new());
    }

    pub(super) fn leave(&mut self) {
        self.all.pop();
    }

    /// Gives the names of a target. Of several (`for key, value in ...`) none is followed.
    pub(super) fn assign(&mut self, target: &Expr<'_>, path: Option<Vec<String>>) {
        match target {
            Expr::Var(name) => self.give(name.id, path),
            Expr::List(list) => list.items.iter().for_each(|each| self.assign(each, None)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|each| self.assign(each, None)),
            _ => {}
        }
    }

    pub(super) fn hide(&mut self, name: &str) {
        self.give(name, None);
    }

    fn give(&mut self, name: &str, path: Option<Vec<String>>) {
        if let Some(names) = self.all.last_mut() {
            names.push((name.to_owned(), path));
        }
    }

    /// The path of the value that an expression picks. A part of a list, and a list in another order, have the
    /// path of the list: the fields of its elements are the same.
    pub(super) fn path(&self, expression: &Expr<'_>) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut chain = expression;
        loop {
            chain = match chain {
                Expr::GetAttr(attribute) => {
                    names.push(attribute.name.to_owned());
                    &attribute.expr
                }
                Expr::GetItem(item) => {
                    if let Expr::Const(subscript) = &item.subscript_expr
                        && let Some(name) = subscript.value.as_str()
                    {
                        names.push(name.to_owned());
                    }
                    &item.expr
                }
                Expr::Slice(slice) => &slice.expr,
                Expr::Filter(filter) if keeps_elements(filter.name) => filter.expr.as_ref()?,
                Expr::Var(name) => {
                    let mut path = self.root(name.id)?;
                    path.extend(names.into_iter().rev());
                    return Some(path);
                }
                _ => return None,
            };
        }
    }

    fn root(&self, name: &str) -> Option<Vec<String>> {
        let given = self.all.iter().rev().flat_map(|names| names.iter().rev()).find(|(given, _)| given == name);
        match given {
            Some((_, path)) => path.clone(),
            None => Some(vec![name.to_owned()]),
        }
    }
}

/// Filters whose result has the elements of their operand.
fn keeps_elements(filter: &str) -> bool {
    matches!(
        filter,
        "first" | "last" | "list" | "reverse" | "sort" | "unique" | "selectattr" | "rejectattr" | "slice" | "batch"
    )
}
