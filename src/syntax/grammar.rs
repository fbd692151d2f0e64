//! pest, and what it generates from `grammar/scn.pest`. No type of it leaves `syntax`.

/// The parser that pest derives; its rules are [`Rule`].
#[derive(pest_derive::Parser, Debug)]
#[grammar = "grammar/scn.pest"]
pub(super) struct Grammar;

/// What pest made of one rule: a node of its tree.
pub(super) type Node<'i> = pest::iterators::Pair<'i, Rule>;

/// Whether a node only marks a place: punctuation, or a keyword whose rule says all.
fn is_mark(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::open_brace
            | Rule::close_brace
            | Rule::open_paren
            | Rule::close_paren
            | Rule::open_bracket
            | Rule::close_bracket
            | Rule::comma
            | Rule::colon
            | Rule::equals
            | Rule::dot
            | Rule::bar
            | Rule::at_sign
            | Rule::percent_sign
    )
}

/// The children of a node in their order, without punctuation.
pub(super) struct Children<'i> {
    nodes: std::iter::Peekable<pest::iterators::Pairs<'i, Rule>>,
}

impl<'i> Children<'i> {
    pub(super) fn of(node: Node<'i>) -> Children<'i> {
        Children { nodes: node.into_inner().peekable() }
    }

    /// The rule of the next child.
    pub(super) fn peek(&mut self) -> Option<Rule> {
        while self.nodes.next_if(|node| is_mark(node.as_rule())).is_some() {}
        self.nodes.peek().map(|node| node.as_rule())
    }

    /// The next child, when it is of that rule.
    pub(super) fn accept(&mut self, rule: Rule) -> Option<Node<'i>> {
        if self.peek()? == rule { self.nodes.next() } else { None }
    }

    /// The next child of that rule, past others.
    pub(super) fn seek(&mut self, rule: Rule) -> Option<Node<'i>> {
        self.by_ref().find(|node| node.as_rule() == rule)
    }
}

impl<'i> Iterator for Children<'i> {
    type Item = Node<'i>;

    fn next(&mut self) -> Option<Node<'i>> {
        self.peek()?;
        self.nodes.next()
    }
}

/// What pest says against a text.
pub(super) type Refusal = Box<pest::error::Error<Rule>>;

/// Reads one item.
pub(super) fn item(text: &str) -> Result<pest::iterators::Pairs<'_, Rule>, Refusal> {
    <Grammar as pest::Parser<Rule>>::parse(Rule::item, text).map_err(Box::new)
}
