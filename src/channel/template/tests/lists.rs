//! Lists and their rows: what a template does with them, and how they are shown.

use super::*;
use crate::model::TemplateUse;

fn number(text: &str) -> Option<Literal> {
    Some(Literal::Number(text.parse().unwrap()))
}

fn row(name: &str, price: Option<Literal>, maker: Option<&str>) -> Literal {
    let path = |text: &str| text.split('.').map(str::to_owned).collect();
    Literal::Row(vec![
        (path("maker.name"), maker.map(|maker| Literal::Text(maker.into()))),
        (path("name"), Some(Literal::Text(name.into()))),
        (path("price"), price),
    ])
}

fn lists() -> MessageValues {
    let products = Literal::List(vec![row("Soap & <oil>", number("9.5"), Some("M")), row("Brush", None, None)]);
    let tags = Literal::List(vec![Literal::Text("new".into()), Literal::Text("<b>".into())]);
    values(&[
        value_of("suggestions", Type::List("product".into()), Some(products)),
        value_of("contact.tags", Type::Texts, Some(tags)),
        value_of("nothing", Type::Texts, Some(Literal::List(Vec::new()))),
        value_of("offer", Type::Entity("product".into()), Some(Literal::Text("7".into()))),
        value_of("offer.name", Type::Text, Some(Literal::Text("Bag".into()))),
    ])
}

#[test]
fn lists_are_shown_row_by_row() {
    for (template, expected) in [
        ("{% for each in suggestions %}{{ each.name }};{% endfor %}", "Soap &amp; &lt;oil&gt;;Brush;"),
        (
            "{% for each in suggestions %}{% if each.price %}{{ each.price | money }}{% else %}-{% endif %};{% endfor %}",
            "9.50 EUR;-;",
        ),
        ("{% for each in suggestions %}{{ each.maker.name | default('?') }}{% endfor %}", "M?"),
        (
            "{{ suggestions | length }} {{ (suggestions | first).name }} {{ suggestions[1].name }}",
            "2 Soap &amp; &lt;oil&gt; Brush",
        ),
        ("{{ suggestions | map(attribute='name') | join(', ') }}", "Soap &amp; &lt;oil&gt;, Brush"),
        ("{% for tag in contact.tags %}{{ tag }};{% endfor %}", "new;&lt;b&gt;;"),
        ("{% if 'new' in contact.tags %}yes{% endif %}", "yes"),
        ("{% for each in nothing %}x{% else %}none{% endfor %}", "none"),
        ("{% if nothing %}x{% else %}none{% endif %}", "none"),
        ("{{ offer.name }}", "Bag"),
    ] {
        let rendered = render("m.email.html", template, &lists()).unwrap();
        assert_eq!(rendered.html.as_deref(), Some(expected), "{template}");
    }
}

#[test]
fn a_missing_value_of_a_row_is_named() {
    for (template, missing) in [
        ("{% for each in suggestions %}{{ each.price }}{% endfor %}", "each.price"),
        ("{% for each in suggestions %}{{ each.maker.name }}{% endfor %}", "each.maker.name"),
    ] {
        match render("m.email.html", template, &lists()) {
            Err(RenderError::Missing { expression, .. }) => assert_eq!(expression, missing),
            other => panic!("{template}: {other:?}"),
        }
    }
}

#[test]
fn what_a_template_does_with_a_list_is_known() {
    use TemplateUse::{Either, Element, List, Value};
    type Found = (&'static str, TemplateUse);
    let table: &[(&str, &[Found])] = &[
        ("{% for x in a.b %}{{ x.name }}{{ x }}{% endfor %}", &[("a.b", List), ("a.b.name", Value), ("a.b", Element)]),
        ("{{ a }}{{ a | length }}{{ a | first }}", &[("a", Value), ("a", Either), ("a", Either)]),
        (
            "{{ a | upper }}{{ a[0] }}{{ a[0].b }}{{ a[:2] }}",
            &[("a", Value), ("a", Element), ("a.b", Value), ("a", Either)],
        ),
        ("{% if a %}{{ 'x' in a }}{% endif %}", &[("a", Either), ("a", Either)]),
        (
            "{% set x = a %}{{ x }}{% set y = a[0] %}{{ y }}",
            &[("a", Either), ("a", Value), ("a", Element), ("a", Element)],
        ),
        ("{% for x in a | sort(attribute='b') %}{% endfor %}", &[("a", Either), ("a.b", Value)]),
        ("{{ (a | first).b }}{{ a == 3 }}", &[("a.b", Value), ("a", Value)]),
        (
            "{% for x in a %}{% for y in x.b %}{{ y }}{% endfor %}{% endfor %}",
            &[("a", List), ("a.b", List), ("a.b", Element)],
        ),
    ];
    for (template, expected) in table {
        let shape = shape("m.email.html", &format!("---\nsubject: s\n---\n{template}"));
        let found: Vec<_> = shape.variables.iter().map(|each| (each.path.join("."), each.used)).collect();
        let expected: Vec<_> = expected.iter().map(|(path, used)| ((*path).to_owned(), *used)).collect();
        assert_eq!(found, expected, "{template}");
    }
}
