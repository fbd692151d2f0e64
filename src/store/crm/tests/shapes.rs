//! What a CRM has and lacks, and files that are no CRM.

use super::{crm, retail, scenario};
use crate::store::ErrorKind;
use crate::store::crm::{Crm, Lack};

#[test]
fn lists_tables_and_views_without_the_engines_own() {
    let (_folder, crm) = crm("CREATE TABLE contact(id INTEGER PRIMARY KEY, \"odd \"\"name\" TEXT, twice AS (id * 2));
         CREATE VIEW purchased AS SELECT id, id AS contact, 'x' AS at FROM contact;
         CREATE VIEW broken AS SELECT missing FROM nowhere;
         CREATE TABLE scn_state(id);");
    let shape = crm.shape();
    let names: Vec<(&str, bool)> = shape.tables.iter().map(|table| (table.name.as_str(), table.is_view)).collect();
    assert_eq!(names, [("contact", false), ("purchased", true)]);
    let columns: Vec<&str> = shape.tables[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["id", "odd \"name", "twice"]);
    assert_eq!(shape.tables[0].columns[0].declared, "INTEGER");
}

#[test]
fn names_what_a_scenario_misses() {
    let table = |table: &str| Lack::Table { table: table.into() };
    let column = |table: &str, column: &str| Lack::Column { table: table.into(), column: column.into() };
    let optional = |table: &str, column: &str| Lack::OptionalColumn { table: table.into(), column: column.into() };
    let cases: &[(&str, Vec<Lack>)] = &[
        ("", vec![table("contact"), table("product"), table("purchased")]),
        (
            "CREATE TABLE contact(name); CREATE TABLE product(id, family); CREATE TABLE purchased(id, contact, product);",
            vec![
                column("contact", "id"),
                column("product", "recurring"),
                column("purchased", "at"),
                optional("contact", "email"),
                optional("contact", "tier"),
                optional("product", "delay"),
                optional("purchased", "order"),
            ],
        ),
        (
            "CREATE TABLE contact(id, email, tier); CREATE TABLE product(id, recurring, delay);
             CREATE TABLE purchased(id, contact, at, product, \"order\");",
            vec![optional("product", "family")],
        ),
    ];
    for (sql, expected) in cases {
        let (_folder, crm) = crm(sql);
        assert_eq!(&crm.lacks(&scenario(retail()).code), expected, "{sql}");
    }
}

#[test]
fn a_broken_view_is_named_with_its_reason() {
    let (_folder, crm) = crm("CREATE VIEW contact AS SELECT id FROM clients;");
    let lacks = crm.lacks(&retail());
    let described: Vec<String> = lacks.iter().map(Lack::describe).collect();
    assert!(described.iter().any(|line| line.contains("view `contact`") && line.contains("clients")), "{described:?}");
}

#[test]
fn an_entity_of_which_no_field_is_read_needs_no_table() {
    let mut code = retail();
    code.entities[0].fields.clear();
    code.contact.clear();
    let (_folder, crm) = crm("CREATE TABLE contact(id); CREATE TABLE purchased(id, contact, at, product, \"order\");");
    assert_eq!(crm.lacks(&code), []);
}

#[test]
fn files_that_are_no_crm_are_errors_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text.db"), "this is not a database, but it is long enough to look at".repeat(20)).unwrap();
    let holder = rusqlite::Connection::open(path("held.db")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    for (name, kind) in [
        ("none.db", ErrorKind::NotFound),
        ("text.db", ErrorKind::NotADatabase),
        (".", ErrorKind::NotADatabase),
        ("held.db", ErrorKind::Busy),
    ] {
        let error = Crm::open(&path(name)).unwrap_err();
        assert_eq!(error.kind, kind, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn the_crm_is_never_written_and_its_changes_are_seen() {
    let (folder, crm) = crm("CREATE TABLE contact(id);");
    assert!(crm.connection.execute("INSERT INTO contact VALUES (1)", []).is_err());
    let before = crm.version().unwrap();
    assert_eq!(crm.version().unwrap(), before);
    let other = rusqlite::Connection::open(folder.path().join("crm.db")).unwrap();
    other.execute("INSERT INTO contact VALUES (1)", []).unwrap();
    assert_ne!(crm.version().unwrap(), before);
}
