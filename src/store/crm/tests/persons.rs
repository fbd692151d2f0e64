//! Contacts that have several rows.

use super::{crm, field, program, read, record};
use crate::ir::Code;
use crate::model::{FRIEND, Id, Route, Type};
use crate::store::crm::{Channel, ContactRange, Notes, Reach};
use crate::time::Zone;
use rustc_hash::FxHashSet;
use std::ops::ControlFlow;

const SQL: &str = "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, phone TEXT, created_at, email_consent,
        first_name TEXT, referrer INTEGER);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at);
    CREATE INDEX purchased_contact ON purchased(contact);
    INSERT INTO contact VALUES
      (1, 'ana@example.com', NULL, 200, 1, 'Anna', NULL), (2, 'ANA@example.com ', '33', 100, NULL, 'Ana', 1),
      (3, NULL, '33', 300, 1, NULL, 5), (4, 'bob@example.com', '33', 150, 1, 'Bob', 3), (5, '', '', NULL, 1, 'Cleo', NULL),
      (6, '', '', NULL, 1, 'Dan', NULL);
    INSERT INTO purchased VALUES (10, 1, 5), (11, 3, 4), (12, 4, 6), (13, 5, 7), (14, 2, 8);";

fn code() -> Code {
    let friend = record("friend_purchased", vec![field(FRIEND, Type::Entity("contact".into()))]);
    Code {
        contact: vec![field("email_consent?", Type::Flag), field("first_name?", Type::Text)],
        events: vec![friend, record("purchased", Vec::new())],
        routes: vec![Some(Route { event: "purchased".into(), to: "referrer".into() }), None],
        ..Code::default()
    }
}

#[test]
fn rows_of_one_person_are_read_as_one_life() {
    let program = program(code(), "UTC");
    let (_folder, mut crm) = crm(SQL);
    crm.identify(&["email".into(), "phone".into(), "nowhere".into()], Zone::UTC).unwrap();
    let (world, _) = crm.world(&program).unwrap();
    let lives = crm.lives(&program, &world).unwrap();
    // Bob (4) shares a phone and has another email; rows without any value are persons of their own.
    let group: Vec<String> = crm.persons().group(&Id::Number(3)).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(group, ["2", "1", "3"]);
    let ana = "2 first_name=Ana: purchased/11 1970-01-01T00:00:04Z | purchased/10 1970-01-01T00:00:05Z | \
               friend_purchased/12 1970-01-01T00:00:06Z friend=?4 | purchased/14 1970-01-01T00:00:08Z";
    let others = [
        "4 email_consent=true first_name=Bob: purchased/12 1970-01-01T00:00:06Z",
        "5 email_consent=true first_name=Cleo: friend_purchased/11 1970-01-01T00:00:04Z friend=?2 | \
         purchased/13 1970-01-01T00:00:07Z",
    ];
    let mut expected = [others[0], others[1], ana];
    assert_eq!(
        read(&lives, &crm, &[ContactRange::default()]),
        (expected.map(str::to_owned).to_vec(), Notes::default())
    );
    // In two ranges the person is in that of her id.
    let cut = Some(Id::Number(3));
    let ranges = [ContactRange { from: None, to: cut.clone() }, ContactRange { from: cut, to: None }];
    expected.rotate_right(1);
    assert_eq!(read(&lives, &crm, &ranges).0, expected);
    let mut asked = Vec::new();
    let contacts = [Id::Number(3), Id::Number(6)];
    lives
        .read_these(&crm, &contacts, &mut Notes::default(), |person, life| {
            asked.push((person.id.clone(), life.len()));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(asked, [(Id::Number(2), 4), (Id::Number(6), 0)]);
    let new = lives.new_rows(&crm, 1, &FxHashSet::default(), &mut Notes::default()).unwrap();
    let owners: Vec<String> = new.iter().map(|row| format!("{}:{}", row.event.id, row.contact)).collect();
    assert_eq!(owners, ["10:2", "11:2", "12:4", "13:5", "14:2"]);
}

#[test]
fn who_cannot_be_reached_is_a_person() {
    let reach = |identity: &[String], consent: bool| {
        let (_folder, mut crm) = crm(SQL);
        crm.identify(identity, Zone::UTC).unwrap();
        let consent = consent.then(|| ("email_consent".to_owned(), false));
        let email = Channel { name: "email".into(), address: "email".into(), consent };
        let nowhere = Channel { name: "push".into(), address: "token".into(), consent: None };
        let found = crm.reach(&[vec![email], vec![nowhere]]).unwrap();
        // The CRM has no such column: nobody has such an address.
        assert_eq!((found[1].contacts, found[1].without_address), (found[0].contacts, found[0].contacts));
        let Reach { contacts, without_address, without_consent } = found[0];
        [contacts, without_address, without_consent]
    };
    let identity = ["email".to_owned(), "phone".to_owned()];
    assert_eq!(reach(&[], false), [6, 3, 0]);
    // Ana's oldest row (2) has an address; that row 3 has none is no matter.
    assert_eq!(reach(&identity, false), [4, 2, 0]);
    assert_eq!(reach(&[], true), [6, 3, 1]);
    // Row 2 says nothing of a consent: so Ana never gave it, whatever row 1 says.
    assert_eq!(reach(&identity, true), [4, 2, 1]);
}
