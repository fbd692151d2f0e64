//! Pictures of scenarios, as data: each `tests/data/graph/NAME.scn` is drawn as `NAME.mmd`, its scenarios one after
//! another. `scn graph` makes these files again.
#![allow(clippy::disallowed_methods, reason = "cases are files")]

use super::layout::{Block, Point, Shape, layout};
use super::{Graph, graphs};
use crate::format::format;
use crate::span::SourceId;
use crate::syntax::parse;
use std::fs;
use std::path::{Path, PathBuf};

fn files_with(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

fn drawn(text: &str, path: &Path) -> Vec<Graph> {
    let parsed = parse(SourceId::default(), text);
    assert!(parsed.diagnostics.is_empty(), "{}: {:?}", path.display(), parsed.diagnostics);
    graphs(text, &parsed, path.file_stem().unwrap().to_str().unwrap())
}

/// Every scenario that there is to draw.
fn all() -> Vec<(PathBuf, Graph)> {
    let files = ["tests/data/graph", "scenarios"].iter().flat_map(|folder| files_with(folder, "scn"));
    let graphs = files.flat_map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        drawn(&text, &path).into_iter().map(|graph| (path.clone(), graph)).collect::<Vec<_>>()
    });
    graphs.collect()
}

#[test]
fn scenarios_are_drawn_as_their_files_say() {
    for path in files_with("tests/data/graph", "scn") {
        let graphs = drawn(&fs::read_to_string(&path).unwrap(), &path);
        let mermaid: String = graphs.iter().map(Graph::mermaid).collect();
        let expected = path.with_extension("mmd");
        let written = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(mermaid, written, "{}", expected.display());
    }
}

/// One whole picture; what every picture keeps is tested below.
#[test]
fn a_picture_looks_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/graph");
    let (scenario, picture) = (folder.join("sentence.scn"), folder.join("sentence.svg"));
    let graphs = drawn(&fs::read_to_string(&scenario).unwrap(), &scenario);
    assert_eq!(graphs.first().unwrap().svg(), fs::read_to_string(picture).unwrap());
}

#[test]
fn white_space_and_comments_are_not_drawn() {
    for path in ["tests/data/graph", "scenarios"].iter().flat_map(|folder| files_with(folder, "scn")) {
        let text = fs::read_to_string(&path).unwrap();
        let graphs = drawn(&text, &path);
        assert_eq!(graphs, drawn(&format(&text).unwrap(), &path), "{}", path.display());
        for space in ["\n", "  \t", " # a comment\n"] {
            let spaced = text.replace('\n', &format!("\n{space}"));
            assert_eq!(graphs, drawn(&spaced, &path), "{}", path.display());
        }
    }
}

/// Left, top, right and bottom of what has an extent.
fn extent(shape: &Shape) -> Option<(i32, i32, i32, i32)> {
    match shape {
        Shape::Box { at, width, height, .. } => Some((at.x, at.y, at.x + width, at.y + height)),
        _ => None,
    }
}

fn boxes(block: &Block) -> Vec<(i32, i32, i32, i32)> {
    block.shapes.iter().filter_map(extent).collect()
}

#[test]
fn no_box_stands_on_another_nor_outside_the_picture() {
    for (path, graph) in all() {
        let picture = layout(&graph);
        let (width, height) = (picture.left + picture.right, picture.height);
        let boxes = boxes(&picture);
        for (place, &(left, top, right, bottom)) in boxes.iter().enumerate() {
            assert!(0 <= left && right <= width && 0 <= top && bottom <= height, "{}: {}", path.display(), graph.name);
            for &(other_left, other_top, other_right, other_bottom) in &boxes[..place] {
                let apart = right < other_left || other_right < left || bottom < other_top || other_bottom < top;
                assert!(apart, "{}: {}: two boxes touch", path.display(), graph.name);
            }
        }
    }
}

/// A way goes straight down, across or up, and cuts through no box.
#[test]
fn no_way_cuts_through_a_box() {
    for (path, graph) in all() {
        let picture = layout(&graph);
        let boxes = boxes(&picture);
        let ways = picture.shapes.iter().filter_map(|shape| match shape {
            Shape::Way { points, .. } => Some(points),
            _ => None,
        });
        for [from, to] in ways.flat_map(|points| points.windows(2).map(|pair| [pair[0], pair[1]])) {
            assert!(from.x == to.x || from.y == to.y, "{}: {}: {from:?} {to:?}", path.display(), graph.name);
            let cuts = boxes.iter().any(|&(left, top, right, bottom)| {
                let (Point { x: x0, y: y0 }, Point { x: x1, y: y1 }) = (from, to);
                x0.max(x1) > left && x0.min(x1) < right && y0.max(y1) > top && y0.min(y1) < bottom
            });
            assert!(!cuts, "{}: {}: {from:?} {to:?}", path.display(), graph.name);
        }
    }
}

/// The names of the elements of an XML text, in their order; panics where it is not well-formed in what we write: elements,
/// attributes in double quotes, text.
fn elements(xml: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut names = Vec::new();
    let mut rest = xml.trim_end();
    while let Some((text, after)) = rest.split_once('<') {
        assert_text(text);
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let parts: Vec<&str> = tag.trim_end_matches('/').split('"').collect();
        assert!(parts.len() % 2 == 1, "quotes of <{tag}>");
        parts.iter().for_each(|part| assert_text(part));
        let name = tag.split([' ', '/']).next().unwrap().to_owned();
        if !tag.ends_with('/') {
            open.push(name.clone());
        }
        names.push(name);
    }
    assert!(open.is_empty() && rest.is_empty(), "open: {open:?}, then {rest}");
    names
}

fn assert_text(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{text}");
    }
    assert!(text.chars().all(|letter| matches!(letter, '\n' | '\t') || !letter.is_control()), "{text:?}");
}

#[test]
fn pictures_are_xml_and_hold_nothing_but_shapes_and_text() {
    let known = ["svg", "title", "desc", "style", "defs", "marker", "path", "rect", "text", "tspan", "g"];
    for (path, graph) in all() {
        let svg = graph.svg();
        let elements = elements(&svg.replace(".note>path", ".note path").replace(">path{", " path{"));
        assert_eq!(elements[..3], ["svg", "title", "desc"]);
        for name in elements {
            assert!(known.contains(&name.as_str()), "{}: <{name}>", path.display());
        }
        assert!(!svg.contains("href") || svg.contains("click n0 href"), "{}", path.display());
    }
}

#[test]
fn a_text_is_only_text() {
    let mut graph = all().into_iter().next().unwrap().1;
    let every: String = (0..0x300_u32).chain([0xFFFE, 0xFFFF, 0x1F600]).filter_map(char::from_u32).collect();
    graph.start.lines = vec![every.clone()];
    graph.name = every.clone();
    graph.title = Some(every);
    elements(&graph.svg().replace(">path{", " path{"));
    let mermaid = graph.mermaid();
    let line = mermaid.lines().find(|line| line.contains("n0([")).unwrap();
    let text = line.split_once('"').unwrap().1.rsplit_once('"').unwrap().0;
    let harmless = |letter: char| letter.is_alphanumeric() || " .,:?/=+()_-#;\u{FFFD}".contains(letter);
    assert!(text.chars().all(harmless), "{text}");
    assert_eq!(mermaid.matches("flowchart").count(), 1);
}
