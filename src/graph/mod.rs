//! A scenario as a picture: what it says, in its own words, and what follows what.
//!
//! It is drawn from the syntax tree, so that a scenario can be looked at before it is whole. The steps of the language
//! are a series of parts with branches inside, never an arbitrary graph, and so is the picture: it is laid out exactly, from
//! inside to outside.

mod build;
mod layout;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use build::graphs;

/// One scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    pub name: String,
    pub title: Option<String>,
    /// Its `##` lines.
    pub doc: Option<String>,
    /// What starts it, and for whom.
    pub start: Node,
    /// What stands beside all steps: `goal`, `stop when`.
    pub notes: Vec<Node>,
    pub flow: Flow,
}

/// Parts that follow one another.
pub type Flow = Vec<Part>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Node(Node),
    /// The way parts; one arm at least is taken, and the arms that go on meet again.
    Choice {
        node: Node,
        arms: Vec<Arm>,
    },
    /// What is done several times; `node` says how often.
    Repeat {
        node: Node,
        body: Flow,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// When this way is taken: `yes`, `else if contact.tier is "gold"`, `red 50%`.
    pub label: String,
    pub flow: Flow,
}

/// A box with text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub role: Role,
    /// In the words of the scenario, without line breaks.
    pub lines: Vec<String>,
}

/// What a box stands for, which decides its shape and its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Start,
    Wait,
    Send,
    /// A step with another effect than a message: `set`, `tag`, `credit`, `start`, ...
    Act,
    Choice,
    Repeat,
    /// The step `stop`: nothing follows.
    Stop,
    /// The end of the steps.
    End,
    Note,
}

impl Role {
    const ALL: [Role; 9] =
        [Role::Start, Role::Wait, Role::Send, Role::Act, Role::Choice, Role::Repeat, Role::Stop, Role::End, Role::Note];

    /// Its name in the pictures' styles.
    fn class(self) -> &'static str {
        match self {
            Role::Start => "trigger",
            Role::Wait => "wait",
            Role::Send => "send",
            Role::Act => "act",
            Role::Choice => "choice",
            Role::Repeat => "repeat",
            Role::Stop => "halt",
            Role::End => "finish",
            Role::Note => "note",
        }
    }
}

impl Graph {
    /// As a Mermaid flowchart.
    pub fn mermaid(&self) -> String {
        mermaid::write(self)
    }

    /// As an SVG picture that needs nothing but itself, for light and dark surroundings.
    pub fn svg(&self) -> String {
        svg::write(self)
    }
}

/// Whether something may follow these parts.
fn goes_on(flow: &[Part]) -> bool {
    flow.iter().all(|part| match part {
        Part::Node(node) => node.role != Role::Stop,
        Part::Choice { arms, .. } => arms.iter().any(|arm| goes_on(&arm.flow)),
        Part::Repeat { body, .. } => goes_on(body),
    })
}
