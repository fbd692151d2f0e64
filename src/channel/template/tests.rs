//! Templates on disk: what is found, what is refused, which variables are read.

mod lists;
mod rendering;

use super::*;
use crate::model::{Literal, MessageValue, MessageValues, Type};
use std::fs;
use tempfile::TempDir;

/// A project of template files, by path.
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &TempDir, folders: &[&str]) -> Templates {
    let folders: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    Templates::load(folder.path(), &folders, &Presentation::default()).unwrap()
}

/// The one template of a project that has one.
fn shape(name: &str, text: &str) -> TemplateShape {
    let folder = project(&[(&format!("templates/{name}"), text)]);
    load(&folder, &[]).shapes()[0].clone()
}

fn text(path: &str, value: &str) -> MessageValue {
    value_of(path, Type::Text, Some(Literal::Text(value.into())))
}

fn value_of(path: &str, ty: Type, value: Option<Literal>) -> MessageValue {
    MessageValue { path: path.split('.').map(str::to_owned).collect(), ty, value }
}

fn values(values: &[MessageValue]) -> MessageValues {
    MessageValues { values: values.to_vec(), items: Vec::new() }
}

/// Renders an email's body from one file.
fn render(name: &str, template: &str, values: &MessageValues) -> Result<Rendered, RenderError> {
    let folder = project(&[(&format!("templates/{name}"), &format!("---\nsubject: s\n---\n{template}"))]);
    load(&folder, &[]).render(None, "m", "email", None, values)
}

#[test]
fn templates_are_found_beside_scenarios_and_in_the_project() {
    let folder = project(&[
        ("templates/m.email.html", "---\nsubject: s\n---\nproject"),
        ("templates/logo.png", "no template"),
        ("templates/partials/m.email.html", "not looked at"),
        ("renewal/templates/m.email.html", "---\nsubject: s\n---\nbeside"),
        ("renewal/templates/m.email.fr.txt", "français"),
        ("renewal/templates/m.sms.txt", "sms"),
        ("other/templates/m.sms.txt", "not asked for"),
    ]);
    let templates = load(&folder, &["renewal", "empty"]);
    let found: Vec<_> = templates
        .shapes()
        .iter()
        .map(|shape| (shape.path.as_str(), shape.beside.as_deref(), shape.language.as_deref(), shape.has_subject))
        .collect();
    assert_eq!(
        found,
        [
            ("templates/m.email.html", None, None, true),
            ("renewal/templates/m.email.fr.txt", Some("renewal"), Some("fr"), false),
            ("renewal/templates/m.email.html", Some("renewal"), None, true),
            ("renewal/templates/m.sms.txt", Some("renewal"), None, false),
        ]
    );
    let none = MessageValues::default();
    let of = |place| templates.render(place, "m", "email", None, &none).unwrap().html.unwrap();
    assert_eq!((of(None).as_str(), of(Some("renewal")).as_str()), ("project", "beside"));
}

#[test]
fn a_language_falls_back_to_none() {
    let folder = project(&[
        ("templates/m.email.fr.txt", "---\nsubject: Bonjour\n---\nfr"),
        ("templates/m.email.txt", "---\nsubject: Hello\n---\nany"),
        ("templates/only.email.fr.txt", "---\nsubject: Bonjour\n---\nfr"),
    ]);
    let templates = load(&folder, &[]);
    let render =
        |message: &str, language| templates.render(None, message, "email", language, &MessageValues::default());
    assert_eq!(render("m", Some("fr")).unwrap().text, "fr");
    assert_eq!(render("m", Some("de")).unwrap().text, "any");
    assert_eq!(render("m", None).unwrap().subject.as_deref(), Some("Hello"));
    let missing = render("only", Some("de")).unwrap_err();
    assert_eq!(missing.to_string(), "there is no template for `only` by email in `de`, and none without language");
    assert!(matches!(render("only", None), Err(RenderError::NoTemplate { .. })));
    assert!(matches!(render("absent", None), Err(RenderError::NoTemplate { .. })));
}

#[test]
fn front_matter_is_read_or_refused() {
    for (text, expected) in [
        ("no front matter", Ok((false, "no front matter"))),
        ("---\nsubject: a: b\n---\nbody", Ok((true, "body"))),
        ("---\r\nsubject: a\r\n---\r\nbody", Ok((true, "body"))),
        ("\u{feff}---\nsubject: a\n---\nbody", Ok((true, "body"))),
        ("---\n# why\n\nsubject: a\n---\n", Ok((true, ""))),
        ("---\n---", Ok((false, ""))),
        ("---\nsubject: a\n", Err(("the front matter has no closing `---` line", "---"))),
        (
            "---\nsubjct: a\n---\n",
            Err(("`subjct` is no key of the front matter; `subject` is the only one", "subjct: a")),
        ),
        ("---\nhello\n---\n", Err(("a line of the front matter is `key: value`", "hello"))),
        ("---\nsubject: a\nsubject: b\n---\n", Err(("`subject` is written twice", "subject: b"))),
        ("---\nsubject:  \n---\n", Err(("`subject` is empty", "subject:"))),
    ] {
        let shape = shape("m.email.txt", text);
        match (&shape.broken, expected) {
            (None, Ok((has_subject, _))) => assert_eq!(shape.has_subject, has_subject, "{text:?}"),
            (Some((reason, range)), Err((expected, place))) => {
                assert_eq!((reason.as_str(), &shape.text[range.clone()]), (expected, place), "{text:?}");
            }
            (broken, expected) => panic!("{text:?}: {broken:?}, {expected:?}"),
        }
    }
}

#[test]
fn names_that_are_no_templates_are_named() {
    for (name, reason) in [
        ("m.html", "a template's name is `MESSAGE.CHANNEL.html`, or with a language `MESSAGE.CHANNEL.fr.html`"),
        ("m.mail.txt", "there is no channel `mail`"),
        ("m.sms.html", "a message by sms is a text: its template ends in `.txt`"),
        ("m.email.FR.txt", "`FR` is no language, such as `fr` or `pt-BR`"),
        (
            "m.email.fr.x.txt",
            "a template's name is `MESSAGE.CHANNEL.html`, or with a language `MESSAGE.CHANNEL.fr.html`",
        ),
    ] {
        assert_eq!(shape(name, "x").broken.unwrap().0, reason, "{name}");
    }
    let subject = shape("m.sms.txt", "---\nsubject: a\n---\n").broken.unwrap();
    assert_eq!(subject.0, "a message by sms has no subject");
}

#[test]
fn files_that_lead_elsewhere_or_are_too_much_are_not_read() {
    let secret = project(&[("secret.html", "secret")]);
    let folder = project(&[("templates/m.email.html", "x"), ("real/m.email.html", "x")]);
    let templates = folder.path().join("templates");
    fs::write(templates.join("large.email.html"), "x".repeat(512 * 1024 + 1)).unwrap();
    fs::write(templates.join("bytes.email.html"), b"\xff\xfe").unwrap();
    fs::write(templates.join("nul.email.html"), "a\0").unwrap();
    fs::create_dir(templates.join("folder.email.html")).unwrap();
    #[cfg(unix)]
    {
        let link = |to: &std::path::Path, name: &str| std::os::unix::fs::symlink(to, templates.join(name)).unwrap();
        link(&secret.path().join("secret.html"), "out.email.html");
        link(std::path::Path::new("../real/m.email.html"), "up.email.html");
        link(std::path::Path::new("/dev/zero"), "zero.email.html");
        link(std::path::Path::new("m.email.html"), "same.email.html");
        link(std::path::Path::new("absent"), "dangling.email.html");
    }
    let loaded = load(&folder, &[]);
    let broken = |name: &str| {
        let found = loaded.shapes().iter().find(|shape| shape.message == name).unwrap();
        (found.text.clone(), found.broken.clone().map(|(reason, _)| reason).unwrap_or_default())
    };
    assert_eq!(broken("large"), ("".into(), "a template has at most 512 KiB".into()));
    assert_eq!(broken("bytes"), ("".into(), "the file is not UTF-8".into()));
    assert_eq!(broken("nul"), ("".into(), "the file has a NUL character".into()));
    assert_eq!(broken("folder"), ("".into(), "this is no regular file".into()));
    #[cfg(unix)]
    {
        for name in ["out", "up", "zero"] {
            assert_eq!(broken(name), ("".into(), "the file leads out of its folder".into()), "{name}");
        }
        assert_eq!(broken("same"), ("x".into(), "".into()));
        assert!(broken("dangling").1.starts_with("cannot be read"));
        let linked = project(&[]);
        std::os::unix::fs::symlink(&templates, linked.path().join("templates")).unwrap();
        let error = Templates::load(linked.path(), &[], &Presentation::default()).unwrap_err();
        assert_eq!(error.reason, "the folder leads out of its project");
    }
}

#[test]
fn variables_are_found_where_they_stand() {
    /// Path, the text at its range, guarded.
    type Found = (&'static str, &'static str, bool);
    let table: &[(&str, &[Found])] = &[
        ("{{ product.name }}", &[("product.name", "product.name", false)]),
        ("{{ code }} {{ code }}", &[("code", "code", false), ("code", "code", false)]),
        ("{{ product . name|upper }}", &[("product.name", "product . name", false)]),
        ("{{ product['name'] }}", &[("product.name", "product['name']", false)]),
        ("é {{ product.name }}", &[("product.name", "product.name", false)]),
        ("{{ product.name|default('x') }}", &[("product.name", "product.name", true)]),
        ("{{ product.name or 'x' }}", &[("product.name", "product.name", true)]),
        ("{{ product.name is defined }}", &[("product.name", "product.name", true)]),
        ("{{ a.b if a.b else c.d }}", &[("a.b", "a.b", true), ("a.b", "a.b", true), ("c.d", "c.d", false)]),
        (
            "{% if a.b %}{{ a.b }}{% else %}{{ a.b }}{% endif %}",
            &[("a.b", "a.b", true), ("a.b", "a.b", true), ("a.b", "a.b", false)],
        ),
        (
            "{% if a.b is not defined %}{{ a.b }}{% else %}{{ a.b }}{% endif %}",
            &[("a.b", "a.b", true), ("a.b", "a.b", false), ("a.b", "a.b", true)],
        ),
        ("{% if not a.b %}{{ a.b }}{% endif %}", &[("a.b", "a.b", true), ("a.b", "a.b", false)]),
        (
            "{% if a.b and a.c %}{{ a.c }}{% endif %}",
            &[("a.b", "a.b", true), ("a.c", "a.c", true), ("a.c", "a.c", true)],
        ),
        ("{% if a.b == 1 %}{% endif %}", &[("a.b", "a.b", false)]),
        ("{% if a.b %}{{ a.b.c }}{% endif %}", &[("a.b", "a.b", true), ("a.b.c", "a.b.c", true)]),
        ("{% if a %}{{ a.b }}{% endif %}", &[("a", "a", true), ("a.b", "a.b", false)]),
        (
            "{% for item in items %}{{ item.product.name }}{% endfor %}",
            &[("items.product.name", "item.product.name", false)],
        ),
        (
            "{% for item in items|sort(attribute='at') %}{{ item.at }}{% endfor %}",
            &[("items.at", "'at'", false), ("items.at", "item.at", false)],
        ),
        ("{{ items[0].product.name }}", &[("items.product.name", "items[0].product.name", false)]),
        ("{{ items|map(attribute='product.name')|join(', ') }}", &[("items.product.name", "'product.name'", false)]),
        ("{{ items|length }}{{ loop }}", &[("loop", "loop", false)]),
        ("{% for item in items %}{{ loop.index }}{% endfor %}", &[]),
        ("{% set p = product %}{{ p.name }}", &[("product", "product", false), ("product.name", "p.name", false)]),
        (
            "{% with p = product.name %}{{ p }}{% endwith %}{{ p }}",
            &[("product.name", "product.name", false), ("product.name", "p", false), ("p", "p", false)],
        ),
        ("{% for n in range(count) %}{{ n }}{% endfor %}", &[("count", "count", false)]),
        ("{# {{ gone }} #}{% raw %}{{ gone }}{% endraw %}", &[]),
    ];
    for (template, expected) in table {
        let shape = shape("m.email.html", &format!("---\nsubject: s\n---\n{template}"));
        assert_eq!(shape.broken, None, "{template}");
        let found: Vec<_> = shape
            .variables
            .iter()
            .map(|each| (each.path.join("."), shape.text[each.range.clone()].to_owned(), each.guarded))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(path, text, guarded)| ((*path).to_owned(), (*text).to_owned(), *guarded)).collect();
        assert_eq!(found, expected, "{template}");
    }
    let subject = shape("m.email.html", "---\nsubject: {{ product.name }}!\n---\n{{ code }}");
    let found: Vec<_> = subject.variables.iter().map(|each| &subject.text[each.range.clone()]).collect();
    assert_eq!(found, ["product.name", "code"]);
}

#[test]
fn what_would_fail_later_is_broken_now() {
    for (template, reason, place) in [
        (
            "<a href={{ a }}>",
            "a value in HTML stands in text or in a quoted attribute; elsewhere it is not protected",
            "{{",
        ),
        ("{{ a|safe }}", "`safe` would let data write HTML; what is printed is always escaped", "safe"),
        ("{{ a|uper }}", "there is no filter `uper`", "uper"),
        ("{{ a is emty }}", "there is no test `emty`", "emty"),
        ("{{ debug() }}", "there is no such function", "debug()"),
        ("{{ a.b() }}", "there is no such function", "a.b()"),
        ("{{ f(1) }}", "there is no such function", "f(1)"),
        ("{% autoescape false %}{% endautoescape %}", "escaping cannot be switched off", "a"),
        ("{% include 'x' %}", "unknown statement include", "include"),
        ("{% macro x() %}{% endmacro %}", "unknown statement macro", "macro"),
        ("{{ a", "unexpected end of input, expected end of variable block", "a"),
        ("{% if a %}", "this `if` is never closed: write `{% endif %}` where it ends", "{% if"),
        ("{% for a in b %}{% if a %}{% endfor %}", "this `if` is never closed", "{% if"),
        ("{% if a %}{% for b in a %}{{ b }}{% endif %}", "this `for` is never closed", "{% for"),
        ("{% endif %}", "unknown statement endif", "endif"),
    ] {
        let shape = shape("m.email.html", &format!("---\nsubject: s\n---\n{template}"));
        let (found, range) = shape.broken.unwrap();
        assert!(found.starts_with(reason), "{template}: {found}");
        assert_eq!(&shape.text[range], place, "{template}");
    }
}

#[test]
fn deep_and_long_expressions_do_not_overflow() {
    for template in [
        format!("{{{{ a{} }}}}", ".b".repeat(100_000)),
        format!("{{{{ a{} }}}}", "|upper".repeat(50_000)),
        format!("{{{{ 1{} }}}}", "+1".repeat(100_000)),
        format!("{{{{ 1{} }}}}", " and 1".repeat(50_000)),
        format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(100_000)),
        "{% if a %}".repeat(40_000),
        format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(30_000)),
    ] {
        shape("m.email.html", &template);
    }
}

/// Pieces that a template may be made of, for texts that are nearly templates.
const PIECES: [&str; 40] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    " ",
    "\n",
    "if ",
    "elif ",
    "else",
    "endif",
    "for ",
    " in ",
    "endfor",
    "set ",
    "a",
    "a.b",
    "items",
    "[0]",
    "['x']",
    "|",
    "upper",
    "default('é')",
    "safe",
    " is ",
    "defined",
    "not ",
    " and ",
    "(",
    ")",
    "~",
    "é",
    "<a href=",
    "\"",
    "---\n",
    "subject: ",
    ":",
    "{% raw %}",
    "1",
];

proptest::proptest! {
    #[test]
    fn any_text_is_judged(choice in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = choice.into_iter().map(|piece| PIECES[piece]).collect();
        let folder = project(&[("templates/m.email.html", &text)]);
        let templates = load(&folder, &[]);
        let shape = &templates.shapes()[0];
        for variable in &shape.variables {
            proptest::prop_assert!(shape.text.get(variable.range.clone()).is_some_and(|text| !text.is_empty()));
        }
        if let Some((_, range)) = &shape.broken {
            proptest::prop_assert!(shape.text.get(range.clone()).is_some(), "{:?} {:?}", text, range);
        }
        let rendered = templates.render(None, "m", "email", None, &MessageValues::default());
        proptest::prop_assert!(shape.broken.is_none() || rendered.is_err());
    }
}

#[test]
fn several_senders_render_at_once() {
    fn shared<T: Send + Sync>() {}
    shared::<Templates>();
}
