//! Every form in which versions were kept is read, and the present form is what `tests/data/ir` says, to the byte.

use super::*;
use crate::ir::{BundleHash, Class, EntryRule, Expr, Guard, Moment, Occurrence, Op, Start, Window};
use crate::model::{AggregateKind, FieldDefault, Literal, MeasureKind, Refreshed, Type};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ir")
}

#[test]
fn the_present_form_is_the_one_that_is_written_down() {
    let path = folder().join(format!("form-{FORMAT}.json"));
    let golden = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("write {}", path.display()));
    let advice = "what is kept would be read wrongly: raise `ir::FORMAT`, write the step from the form before in \
                  `ir/version.rs`, a kept version of it into `tests/data/ir`, and this file anew";
    let bundle: Bundle = serde_json::from_str(golden.trim()).unwrap_or_else(|error| panic!("{error}: {advice}"));
    assert!(serde_json::to_string(&bundle).unwrap() == golden.trim(), "the form has changed: {advice}");
    assert_eq!(bundle.format, FORMAT);
    // What it is hashed to is part of the form too.
    let hash = "d45d1e62ac4d71b09caf4d97e1ff9379babf5493dc7d7e104c4b33556a2d3c4d";
    assert_eq!(bundle.hash(), hash_of(hash), "a hash has changed: contacts would not find their version");
}

fn hash_of(text: &str) -> BundleHash {
    BundleHash(text.parse::<ScenarioHash>().unwrap().0)
}

/// The names of a type's variants, as its reader tells them.
fn variants<T: DeserializeOwned>() -> BTreeSet<String> {
    let Err(error) = serde_json::from_str::<T>("\"?\"") else { panic!("a variant is called `?`") };
    let error = error.to_string();
    let (_, list) = error.split_once("expected ").unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names under which values stand in JSON: texts, and the fields of objects.
fn names(value: &Value, under: &dyn Fn(&[String]) -> bool, path: &mut Vec<String>, found: &mut BTreeSet<String>) {
    if under(path) {
        match value {
            Value::String(name) => found.extend([name.clone()]),
            Value::Object(object) => found.extend(object.keys().cloned()),
            _ => {}
        }
    }
    match value {
        Value::Array(list) => list.iter().for_each(|each| {
            path.push("[]".into());
            names(each, under, path, found);
            path.pop();
        }),
        Value::Object(object) => object.iter().for_each(|(key, each)| {
            path.push(key.clone());
            names(each, under, path, found);
            path.pop();
        }),
        _ => {}
    }
}

/// A type's name, its variants, the end of the path under which they stand in JSON, and those that no text makes.
type Listed = (&'static str, BTreeSet<String>, &'static [&'static str], &'static [&'static str]);

#[test]
fn what_is_written_down_has_every_node() {
    let golden = std::fs::read_to_string(folder().join(format!("form-{FORMAT}.json"))).unwrap();
    let golden: Value = serde_json::from_str(golden.trim()).unwrap();
    let types: [Listed; 16] = [
        ("Op", variants::<Op>(), &["op"], &[]),
        ("Expr", variants::<Expr>(), &["exprs", "[]"], &[]),
        ("Literal", variants::<Literal>(), &["literal"], &["list", "row"]),
        ("Start", variants::<Start>(), &["start"], &[]),
        ("Occurrence", variants::<Occurrence>(), &["occurrence"], &[]),
        ("EntryRule", variants::<EntryRule>(), &["entry"], &[]),
        ("Guard", variants::<Guard>(), &["guard"], &[]),
        ("Moment", variants::<Moment>(), &["wait_until"], &[]),
        ("Window", variants::<Window>(), &["window"], &[]),
        ("Class", variants::<Class>(), &["class"], &[]),
        ("Type", variants::<Type>(), &["ty"], &[]),
        ("FieldDefault", variants::<FieldDefault>(), &["default"], &[]),
        ("AggregateKind", variants::<AggregateKind>(), &["aggregate", "kind"], &[]),
        ("MeasureKind", variants::<MeasureKind>(), &["measures", "[]", "kind"], &[]),
        ("Refreshed", variants::<Refreshed>(), &["refreshed"], &[]),
        ("Weekday", variants::<crate::time::Weekday>(), &["day"], &[]),
    ];
    let mut missing = Vec::new();
    for (name, variants, place, excepted) in types {
        let mut found = BTreeSet::new();
        names(
            &golden,
            &|path| path.iter().map(String::as_str).collect::<Vec<_>>().ends_with(place),
            &mut Vec::new(),
            &mut found,
        );
        let lacks = variants.iter().filter(|each| !found.contains(*each) && !excepted.contains(&each.as_str()));
        missing.extend(lacks.map(|each| format!("{name} {each}")));
    }
    assert!(missing.is_empty(), "not in the golden file: {missing:#?}");
}

/// `kept-FORM-NAME.json` is as the state file of such a program had it; the hash under which it was is that of its scenario's text.
#[test]
fn every_form_is_read_and_says_the_same() {
    let mut forms = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("kept-") {
            continue;
        }
        let json = std::fs::read_to_string(&path).unwrap();
        let version = Version::read(json.trim()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(version.format, FORMAT, "{name}");
        assert_eq!(Version::scenario_of(&json).as_deref(), Some(version.scenario.name.as_str()), "{name}");
        // What is read is in the present form, and reads as itself.
        assert_eq!(Version::read(&version.kept()), Ok(version), "{name}");
        forms.insert(name.split('-').nth(1).unwrap().parse::<u32>().unwrap());
    }
    assert_eq!(forms, (1..=FORMAT).collect(), "a kept version of each form");
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(Version::read(r#"{"format":4,"scenario":{"name":"story"}}"#), Err(VersionError::Newer(4)));
    assert_eq!(Version::scenario_of(r#"{"format":4,"scenario":{"name":"story"}}"#).as_deref(), Some("story"));
    for json in ["", "{", "[]", "{}", r#"{"format":2}"#, r#"{"format":1,"scenario":3,"messages":{"code":[]}}"#] {
        assert!(matches!(Version::read(json), Err(VersionError::Broken(_))), "{json}");
        assert_eq!(Version::scenario_of(json), None, "{json}");
    }
}
