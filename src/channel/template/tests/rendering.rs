//! Rendering: escaping, missing values, types, bounds, subjects.

use super::*;
use crate::time::{Date, Duration, Instant, TimeOfDay};
use rust_decimal::Decimal;

fn number(text: &str) -> Literal {
    Literal::Number(text.parse().unwrap())
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
fn a_link_that_data_made_foreign_is_not_sent() {
    let template = "<a href=\"{{ url }}\">go</a>";
    let of = |url: &str| render("m.email.html", template, &values(&[text("url", url)]));
    assert!(of("https://shop.example/?a=1&b=2").is_ok());
    let error = of("javascript:alert(document.domain)").unwrap_err();
    assert_eq!(error, RenderError::ForeignLink { path: "templates/m.email.html".into() });
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
