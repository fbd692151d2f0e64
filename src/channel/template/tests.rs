//! Templates on disk: what is found, what is refused, what is read, what is rendered.

use super::*;
use crate::model::{Literal, MessageValue, MessageValues, Type};
use crate::time::{Date, Duration, Instant, TimeOfDay};
use rust_decimal::Decimal;
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

fn number(text: &str) -> Literal {
    Literal::Number(text.parse().unwrap())
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
        ("{% if a %}", "unexpected end of input, expected end of block", "%}"),
    ] {
        let shape = shape("m.email.html", &format!("---\nsubject: s\n---\n{template}"));
        let (found, range) = shape.broken.unwrap();
        assert!(found.starts_with(reason), "{template}: {found}");
        assert_eq!(&shape.text[range], place, "{template}");
    }
}

#[test]
fn data_is_escaped_in_html_and_never_compiled() {
    let hostile = "\"><img src=x onerror=alert(1)>'&{{ 7*7 }}{% for x in y %}";
    let values = values(&[text("contact.name", hostile)]);
    let html = render("m.email.html", "<a title=\"{{ contact.name }}\">{{ contact.name }}</a>", &values).unwrap();
    let html_text = html.html.unwrap();
    assert!(!html_text.contains("<img") && !html_text.contains("\"><"), "{html_text}");
    assert!(html_text.contains("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"));
    assert!(html_text.contains("{{ 7*7 }}{% for x in y %}"));
    // The text part made of it shows the letters again, as text.
    assert_eq!(html.text.trim_end(), hostile);
    let plain = render("m.email.txt", "{{ contact.name }}", &values).unwrap();
    assert_eq!((plain.text.as_str(), plain.html), (hostile, None));
}

#[test]
fn a_missing_value_is_named_unless_provided_for() {
    let values = values(&[value_of("contact.first_name", Type::Text, None), text("contact.city", "Paris")]);
    for (template, expected) in [
        ("{{ contact.first_name }}", Err("contact.first_name")),
        ("Dear {{ contact.first_name|upper }}", Err("contact.first_name")),
        ("{{ contact.frist_name }}", Err("contact.frist_name")),
        ("{{ nobody.name }}", Err("nobody")),
        ("{{ contact.city ~ contact.first_name }}", Err("contact.first_name")),
        ("{% for letter in contact.first_name %}{% endfor %}", Err("contact.first_name")),
        ("{{ contact.first_name|money }}", Err("contact.first_name")),
        ("{{ contact.first_name|date }}", Err("contact.first_name")),
        ("{{ contact.first_name|default('you') }}", Ok("you")),
        ("{{ contact.first_name or 'you' }}", Ok("you")),
        ("{% if contact.first_name %}x{% else %}y{% endif %}", Ok("y")),
        ("{% if contact.first_name is defined %}x{% else %}y{% endif %}", Ok("y")),
        ("{{ contact.city }}", Ok("Paris")),
    ] {
        let result = render("m.email.txt", template, &values);
        match (result, expected) {
            (Ok(rendered), Ok(expected)) => assert_eq!(rendered.text, expected, "{template}"),
            (Err(RenderError::Missing { path, expression }), Err(expected)) => {
                assert_eq!((path.as_str(), expression.as_str()), ("templates/m.email.txt", expected), "{template}");
            }
            (result, _) => panic!("{template}: {result:?}"),
        }
    }
}

#[test]
fn values_are_shown_by_their_types() {
    let zone = Zone::named("Europe/Paris").unwrap();
    let literals = [
        ("number", Type::Number, number("3")),
        ("fraction", Type::Number, number("2.50")),
        ("amount", Type::Money, number("12.5")),
        ("flag", Type::Flag, Literal::Flag(true)),
        ("at", Type::Instant, Literal::Instant(Instant::from_seconds(1_299_232_800))),
        ("day", Type::Date, Literal::Date(Date::new(2011, 3, 4).unwrap())),
        ("time", Type::Time, Literal::Time(TimeOfDay::new(9, 30, 0).unwrap())),
        ("delay", Type::Duration, Literal::Duration(Duration::months(14))),
    ];
    let values = values(&literals.map(|(path, ty, literal)| value_of(path, ty, Some(literal))));
    let presentation = Presentation { zone, ..Presentation::default() };
    for (template, expected) in [
        ("{{ number }} {{ fraction }} {{ flag }}", "3 2.5 True"),
        ("{{ amount|money }} {{ number|money }} {{ (amount * 2)|money }}", "12.50 EUR 3.00 EUR 25.00 EUR"),
        ("{% if amount > 12 and amount < 13 %}between{% endif %}", "between"),
        ("{{ at }} {{ at|date }} {{ at|date('%d/%m/%Y %H:%M') }}", "2011-03-04 11:00 2011-03-04 04/03/2011 11:00"),
        ("{{ day }} {{ day|date('%-d.%-m.') }} {{ time }} {{ delay }}", "2011-03-04 4.3. 09:30 1 year 2 months"),
    ] {
        let folder = project(&[("templates/m.sms.txt", template)]);
        let templates = Templates::load(folder.path(), &[], &presentation).unwrap();
        let rendered = templates.render(None, "m", "sms", None, &values).unwrap();
        assert_eq!((rendered.text.as_str(), rendered.subject), (expected, None), "{template}");
    }
    for template in ["{{ day|money }}", "{{ number|date }}", "{{ day|date('%Q') }}", "{{ flag|money }}"] {
        let result = render("m.email.txt", template, &values);
        assert!(matches!(result, Err(RenderError::Failed { .. })), "{template}: {result:?}");
    }
}

proptest::proptest! {
    #[test]
    fn amounts_of_fifteen_digits_are_exact(units in -999_999_999_999_999_i64..=999_999_999_999_999) {
        let amount = Decimal::new(units, 2);
        let values = values(&[value_of("amount", Type::Money, Some(Literal::Number(amount)))]);
        let value = super::values::context(&values, Zone::UTC).get_attr("amount").unwrap();
        let shown = super::values::money(f64::try_from(value).unwrap(), "EUR");
        proptest::prop_assert_eq!(shown.unwrap(), format!("{:.2} EUR", amount));
    }
}

#[test]
fn items_are_the_triggers_in_order() {
    let item = |name: &str| vec![text("product.name", name)];
    let values = MessageValues { values: Vec::new(), items: vec![item("bed"), item("lamp")] };
    for (template, expected) in [
        ("{% for item in items %}{{ loop.index }} {{ item.product.name }};{% endfor %}", "1 bed;2 lamp;"),
        ("{{ items|length }} {{ items[0].product.name }}", "2 bed"),
        ("{{ items|map(attribute='product.name')|join(', ') }}", "bed, lamp"),
    ] {
        assert_eq!(render("m.email.txt", template, &values).unwrap().text, expected, "{template}");
    }
}

#[test]
fn bombs_are_errors() {
    let values = values(&[text("a", "x"), text("nul", "a\0b")]);
    let doubling = format!("{{% set x = 'aaaaaaaa' %}}{}{{{{ x }}}}", "{% set x = x ~ x %}".repeat(60));
    for template in [
        "{% for a in range(100000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(1000) %}xxxxxxxxxxxx{% endfor %}{% endfor %}",
        "{{ 'a' * 90000000 }}",
        "{{ range(100000000)|list|length }}",
        "{{ 'x'|indent(900000000, true) }}",
        "{{ '%900000000d'|format(1) }}",
        doubling.as_str(),
    ] {
        let result = render("m.email.txt", template, &values);
        assert!(
            matches!(
                result,
                Err(RenderError::TooMuchWork { .. } | RenderError::TooLong { .. } | RenderError::Failed { .. })
            ),
            "{template}: {result:?}"
        );
    }
    let long = render("m.email.txt", "{% for a in range(2000) %}{{ 'x' * 1000 }}{% endfor %}", &values);
    assert_eq!(long, Err(RenderError::TooLong { path: "templates/m.email.txt".into() }));
    let nul = render("m.email.txt", "{{ nul }}", &values);
    assert_eq!(nul, Err(RenderError::Nul { path: "templates/m.email.txt".into() }));
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

#[test]
fn a_subject_is_one_line() {
    let values = values(&[
        text("name", "Ana\r\nBcc: v@example.com\u{202e}\u{7}"),
        text("nul", "\0"),
        text("long", &"x".repeat(5000)),
    ]);
    let subject = |template: &str| {
        let folder = project(&[("templates/m.email.txt", &format!("---\nsubject: {template}\n---\nbody"))]);
        load(&folder, &[]).render(None, "m", "email", None, &values).map(|rendered| rendered.subject.unwrap())
    };
    assert_eq!(subject("<b> {{ long|length }}").unwrap(), "<b> 5000");
    assert_eq!(subject("{{ long }}").unwrap().len(), 240);
    assert_eq!(subject("Dear  {{ name }}!").unwrap(), "Dear Ana Bcc: v@example.com!");
    assert!(matches!(subject("{{ nul }}"), Err(RenderError::Nul { .. })));
    assert!(matches!(subject("{{ '' }}"), Err(RenderError::NoSubject { .. })));
}

#[test]
fn an_email_needs_one_subject_among_its_files() {
    let html = ("templates/m.email.html", "---\nsubject: of the html\n---\n<p>html</p>");
    let folder = project(&[html, ("templates/m.email.txt", "text")]);
    let templates = load(&folder, &[]);
    assert!(templates.shapes().iter().all(|shape| shape.has_subject));
    let rendered = templates.render(None, "m", "email", None, &MessageValues::default()).unwrap();
    assert_eq!(rendered.subject.as_deref(), Some("of the html"));
    assert_eq!((rendered.text.as_str(), rendered.html.as_deref()), ("text", Some("<p>html</p>")));
    let folder = project(&[("templates/m.email.html", "<p>html</p>")]);
    let templates = load(&folder, &[]);
    assert!(!templates.shapes()[0].has_subject);
    let error = templates.render(None, "m", "email", None, &MessageValues::default()).unwrap_err();
    assert_eq!(error, RenderError::NoSubject { path: "templates/m.email.html".into() });
}

#[test]
fn text_is_made_of_html() {
    for (html, expected) in [
        ("<p>One</p><p>Two</p>", "One\n\nTwo\n"),
        ("a<br>b<br/>c", "a\nb\nc\n"),
        ("  a \n b&nbsp;&amp;&lt;&eacute;&#233;&#x41;  ", "a b &<&eacute;éA\n"),
        ("<ul><li>one<li>two</ul>", "- one\n- two\n"),
        ("<a href=\"https://x.example/?a=1&amp;b=2\">go</a>", "go (https://x.example/?a=1&b=2)\n"),
        ("<a href='javascript:alert(1)'>go</a>", "go\n"),
        ("<style>p { color: red }</style><script>alert('<p>')</script>x", "x\n"),
        ("<head><title>t</title></head><body>x</body>", "x\n"),
        ("<!-- <p>no</p> -->x<!-- never ends", "x\n"),
        ("1 < 2 <p title=\"a > b\">x</p>", "1 < 2\n\nx\n"),
        ("<img alt='A bed' src=x><td>a</td><td>b</td>", "A bed a b\n"),
        ("x<a href=", "x\n"),
        ("", "\n"),
        ("<b>bo</b>ld", "bold\n"),
        ("&#0;&#27;&#1114112;", "&#0;&#27;&#1114112;\n"),
    ] {
        assert_eq!(plain_text::from_html(html), expected, "{html}");
    }
}

#[test]
fn text_is_made_of_any_html_in_time() {
    for part in ["<", "<a ", "</", "<div>", "&", "<script>", "<!--", "<a href=\"", "&#"] {
        plain_text::from_html(&part.repeat(100_000));
    }
}
