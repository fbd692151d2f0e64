//! The names that a template itself gives, and what they stand for.

use minijinja::machinery::ast::Expr;

/// Names in reach, the innermost last. `None`: a value of the template's own making.
#[derive(Debug)]
pub(super) struct Scopes {
    all: Vec<Vec<(String, Option<Given>)>>,
}

/// A value that a name of the template stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub path: Vec<String>,
    /// Whether it is one of a list, which has the path of the list.
    pub is_element: bool,
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
    pub(super) fn assign(&mut self, target: &Expr<'_>, value: Option<Given>) {
        match target {
            Expr::Var(name) => self.give(name.id, value),
            Expr::List(list) => list.items.iter().for_each(|each| self.assign(each, None)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|each| self.assign(each, None)),
            _ => {}
        }
    }

    pub(super) fn hide(&mut self, name: &str) {
        self.give(name, None);
    }

    fn give(&mut self, name: &str, value: Option<Given>) {
        if let Some(names) = self.all.last_mut() {
            names.push((name.to_owned(), value));
        }
    }

    /// The path of the value that an expression picks.
    pub(super) fn path(&self, expression: &Expr<'_>) -> Option<Vec<String>> {
        self.given(expression).map(|given| given.path)
    }

    /// One of the list that an expression picks.
    pub(super) fn element(&self, list: &Expr<'_>) -> Option<Given> {
        self.path(list).map(|path| Given { path, is_element: true })
    }

    /// The value that an expression picks. A part of a list, and a list in another order, have the path of the list: the
    /// fields of its elements are the same.
    pub(super) fn given(&self, expression: &Expr<'_>) -> Option<Given> {
        let mut names = Vec::new();
        let mut is_element: Option<bool> = None;
        let mut chain = expression;
        loop {
            chain = match chain {
                Expr::GetAttr(attribute) => {
                    names.push(attribute.name.to_owned());
                    is_element = is_element.or(Some(false));
                    &attribute.expr
                }
                Expr::GetItem(item) => {
                    let name = match &item.subscript_expr {
                        Expr::Const(subscript) => subscript.value.as_str(),
                        _ => None,
                    };
                    is_element = is_element.or(Some(name.is_none()));
                    names.extend(name.map(str::to_owned));
                    &item.expr
                }
                Expr::Slice(slice) => {
                    is_element = is_element.or(Some(false));
                    &slice.expr
                }
                Expr::Filter(filter) if keeps_elements(filter.name) => {
                    is_element = is_element.or(Some(matches!(filter.name, "first" | "last")));
                    filter.expr.as_ref()?
                }
                Expr::Var(name) => {
                    let mut given = self.root(name.id)?;
                    given.path.extend(names.into_iter().rev());
                    given.is_element = is_element.unwrap_or(given.is_element);
                    return Some(given);
                }
                _ => return None,
            };
        }
    }

    fn root(&self, name: &str) -> Option<Given> {
        let given = self.all.iter().rev().flat_map(|names| names.iter().rev()).find(|(given, _)| given == name);
        match given {
            Some((_, value)) => value.clone(),
            None => Some(Given { path: vec![name.to_owned()], is_element: false }),
        }
    }
}

/// Filters whose result has the elements of their operand.
pub(super) fn keeps_elements(filter: &str) -> bool {
    matches!(
        filter,
        "first" | "last" | "list" | "reverse" | "sort" | "unique" | "selectattr" | "rejectattr" | "slice" | "batch"
    )
}
