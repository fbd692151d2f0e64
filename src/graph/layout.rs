//! Where everything stands. A block is laid out around its axis, the vertical line on which it is entered and left; blocks are
//! put below and beside one another, from inside to outside. All lengths are pixels.

use super::text::{self, LINE_HEIGHT};
use super::{Arm, Graph, Node, Part, Role, goes_on};

/// Between two boxes that follow one another.
const GAP_DOWN: i32 = 30;
/// Between two ways beside one another.
const GAP_BESIDE: i32 = 28;
/// From a box to the line where ways part or meet.
const GAP_BUS: i32 = 16;
/// Around the text of a box.
const PADDING: i32 = 14;
/// Around what is repeated.
const FRAME: i32 = 18;
/// How far a box with a point at each side is wider than a plain one, on each side.
pub(super) const POINT: i32 = 14;
const TEXT_WIDTH_MAX: i32 = 250;
const LABEL_WIDTH_MAX: i32 = 150;

/// What is drawn, with the axis at 0 and the top at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// How far it reaches left and right of its axis.
    pub left: i32,
    pub right: i32,
    pub height: i32,
    pub shapes: Vec<Shape>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Box {
        role: Role,
        at: Point,
        width: i32,
        height: i32,
        lines: Vec<Line>,
    },
    /// When a way is taken; `at` is its centre.
    Label {
        at: Point,
        lines: Vec<Line>,
    },
    Frame {
        at: Point,
        width: i32,
        height: i32,
    },
    Way {
        points: Vec<Point>,
        kind: Way,
    },
}

/// One line of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub text: String,
    /// It begins a clause or a step, and not the rest of a long one.
    pub begins: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It ends at a box.
    Arrow,
    /// It ends at another way.
    Plain,
    /// Back to what is repeated.
    Back,
    /// To what stands beside the steps.
    Beside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub x: i32,
    pub y: i32,
}

/// The whole scenario, its top left corner at 0.
pub(super) fn layout(graph: &Graph) -> Block {
    let mut whole = start(graph);
    whole.below(flow(&graph.flow));
    if goes_on(&graph.flow) {
        whole.below(boxed(&Node { role: Role::End, lines: vec!["end".to_owned()] }));
    }
    let left = whole.left;
    whole.move_by(left, 0);
    whole
}

/// The trigger, and beside it what is looked at all the time.
fn start(graph: &Graph) -> Block {
    let mut start = boxed(&graph.start);
    let mut y = 0;
    let x = start.right + GAP_DOWN;
    let (edge, middle) = (start.right, start.height / 2);
    for note in &graph.notes {
        let mut block = boxed(note);
        let height = block.height;
        let (bend, to) = (edge + GAP_DOWN / 2, y + height / 2);
        start.shapes.push(way_through(&[(edge, middle), (bend, middle), (bend, to), (x, to)], Way::Beside));
        block.move_by(x + block.left, y);
        start.right = start.right.max(x + block.left + block.right);
        start.shapes.append(&mut block.shapes);
        y += height + GAP_BUS;
        start.height = start.height.max(y - GAP_BUS);
    }
    if start.height > 2 * middle {
        // The way on begins at the box of the trigger, which ends above the last note.
        start.shapes.push(way_through(&[(0, 2 * middle), (0, start.height)], Way::Plain));
    }
    start
}

fn flow(parts: &[Part]) -> Block {
    let mut whole = Block::default();
    let mut open = true;
    for (place, part) in parts.iter().enumerate() {
        let block = match part {
            Part::Node(node) => boxed(node),
            Part::Choice { node, arms } => choice(node, arms),
            Part::Repeat { node, body } => repeat(node, body),
        };
        match (place, open) {
            (0, _) => whole = block,
            (_, true) => whole.below(block),
            // Nothing leads here; `scn check` says so.
            (_, false) => whole.put_below(block),
        }
        open = goes_on(std::slice::from_ref(part));
    }
    whole
}

/// A box around its text, in the middle of its axis.
fn boxed(node: &Node) -> Block {
    let lines: Vec<Line> = node.lines.iter().flat_map(|line| broken(line, TEXT_WIDTH_MAX)).collect();
    let pointed = matches!(node.role, Role::Choice | Role::Repeat | Role::Wait);
    let half = widest(&lines) / 2 + PADDING + if pointed { POINT } else { 0 };
    let height = lines_height(&lines) + PADDING;
    let at = Point { x: -half, y: 0 };
    let shape = Shape::Box { role: node.role, at, width: 2 * half, height, lines };
    Block { left: half, right: half, height, shapes: vec![shape] }
}

fn choice(node: &Node, arms: &[Arm]) -> Block {
    let mut whole = boxed(node);
    let labels: Vec<(Vec<Line>, i32)> = arms.iter().map(|arm| label(&arm.label)).collect();
    let label_height = labels.iter().map(|(lines, _)| lines_height(lines)).max().unwrap_or(0);
    let mut ways: Vec<Block> = Vec::new();
    let mut axes: Vec<i32> = Vec::new();
    for (arm, (_, width)) in arms.iter().zip(&labels) {
        let mut way = flow(&arm.flow);
        way.left = way.left.max(width / 2);
        way.right = way.right.max(width / 2);
        let axis = match (ways.last(), axes.last()) {
            (Some(before), Some(axis)) => axis + before.right + GAP_BESIDE + way.left,
            _ => 0,
        };
        axes.push(axis);
        ways.push(way);
    }
    // The box stands over the middle of its ways.
    let middle = (axes.first().copied().unwrap_or(0) + axes.last().copied().unwrap_or(0)) / 2;
    let (box_end, part) = (whole.height, whole.height + GAP_BUS);
    let top = part + GAP_BUS / 2 + label_height + GAP_BUS + 4;
    let meet = top + ways.iter().map(|way| way.height).max().unwrap_or(0) + GAP_BUS;
    for (((arm, mut way), axis), (lines, _)) in arms.iter().zip(ways).zip(axes).zip(labels) {
        let x = axis - middle;
        let half = lines_height(&lines) / 2;
        let at = Point { x, y: part + GAP_BUS / 2 + label_height / 2 };
        whole.shapes.push(way_through(&[(0, box_end), (0, part), (x, part), (x, at.y - half)], Way::Plain));
        if arm.flow.is_empty() {
            whole.shapes.push(way_through(&[(x, at.y + half), (x, meet), (0, meet)], Way::Plain));
        } else {
            whole.shapes.push(way_through(&[(x, at.y + half), (x, top)], Way::Arrow));
            let end = top + way.height;
            if goes_on(&arm.flow) {
                whole.shapes.push(way_through(&[(x, end), (x, meet), (0, meet)], Way::Plain));
            }
        }
        whole.shapes.push(Shape::Label { at, lines });
        whole.left = whole.left.max(way.left - x);
        whole.right = whole.right.max(way.right + x);
        way.move_by(x, top);
        whole.shapes.append(&mut way.shapes);
    }
    let open = arms.iter().any(|arm| goes_on(&arm.flow));
    whole.height = if open { meet } else { meet - GAP_BUS };
    whole
}

/// What is repeated stands in a frame, on which the box that says how often stands too; a way leads back to it.
fn repeat(node: &Node, body: &[Part]) -> Block {
    let mut whole = boxed(node);
    let (half, middle) = (whole.right, whole.height / 2);
    whole.below(flow(body));
    let end = whole.height;
    whole.left += FRAME;
    whole.right += FRAME;
    if goes_on(body) && !body.is_empty() {
        let x = -whole.left;
        whole.left += FRAME;
        let turn = end + FRAME / 2;
        let back = [(0, end), (0, turn), (x, turn), (x, middle), (-half, middle)];
        whole.shapes.push(way_through(&back, Way::Back));
    }
    whole.height = end + FRAME;
    let at = Point { x: -whole.left, y: middle };
    let frame = Shape::Frame { at, width: whole.left + whole.right, height: whole.height - middle };
    whole.shapes.insert(0, frame);
    if goes_on(body) {
        whole.shapes.push(way_through(&[(0, end), (0, end + FRAME)], Way::Plain));
    }
    whole
}

/// The lines of a label, and how wide it is.
fn label(text: &str) -> (Vec<Line>, i32) {
    let lines = broken(text, LABEL_WIDTH_MAX);
    let width = widest(&lines) + PADDING;
    (lines, width)
}

fn broken(text: &str, width_max: i32) -> Vec<Line> {
    let lines = text::wrapped(text, width_max).into_iter().enumerate();
    lines.map(|(place, text)| Line { text, begins: place == 0 }).collect()
}

fn widest(lines: &[Line]) -> i32 {
    lines.iter().map(|line| text::width(&line.text)).max().unwrap_or(0)
}

fn lines_height(lines: &[Line]) -> i32 {
    i32::try_from(lines.len()).unwrap_or(i32::MAX).saturating_mul(LINE_HEIGHT)
}

/// A way without the points that it has twice.
fn way_through(points: &[(i32, i32)], kind: Way) -> Shape {
    let mut points: Vec<Point> = points.iter().map(|&(x, y)| Point { x, y }).collect();
    points.dedup();
    Shape::Way { points, kind }
}

impl Block {
    /// Puts a block under this one, on the same axis, with a way between them.
    fn below(&mut self, block: Block) {
        if block.shapes.is_empty() {
            return;
        }
        let from = self.height;
        self.shapes.push(way_through(&[(0, from), (0, from + GAP_DOWN)], Way::Arrow));
        self.put_below(block);
    }

    fn put_below(&mut self, mut block: Block) {
        block.move_by(0, self.height + GAP_DOWN);
        self.left = self.left.max(block.left);
        self.right = self.right.max(block.right);
        self.height += GAP_DOWN + block.height;
        self.shapes.append(&mut block.shapes);
    }

    fn move_by(&mut self, x: i32, y: i32) {
        for shape in &mut self.shapes {
            match shape {
                Shape::Box { at, .. } | Shape::Label { at, .. } | Shape::Frame { at, .. } => at.move_by(x, y),
                Shape::Way { points, .. } => points.iter_mut().for_each(|point| point.move_by(x, y)),
            }
        }
    }
}

impl Point {
    fn move_by(&mut self, x: i32, y: i32) {
        self.x += x;
        self.y += y;
    }
}
