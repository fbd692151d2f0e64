//! A cache that is not what was written serves nobody, and nobody notices but by the time that it takes.

use crate::Kept;
use scn::drivers::simulate::ReadFrom;
use scn::store::cache::Cold;

const TEXT: &str = "extend purchased { note: text? }
    scenario again {
      when purchased product.recurring
      wait 1 month
      send email reminder unless purchased where note is \"7\"
    }";

const SQL: &str = "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, email_consent INTEGER);
    CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, recurring INTEGER);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, note TEXT);
    CREATE INDEX purchased_contact ON purchased(contact);
    INSERT INTO product VALUES (1, 'soap', 1), (2, 'lamp', 0);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
    INSERT INTO contact SELECT i, 'c' || i || '@example.com', 1 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
    INSERT INTO purchased SELECT i, 1 + i % 30, datetime('2020-01-01', i || ' days'), 1 + i % 2, i % 9 FROM n;";

#[test]
fn what_is_torn_or_changed_is_made_anew() {
    let kept = Kept::new(TEXT, SQL);
    kept.warm_up();
    let wanted = kept.cold();
    let file = kept.files().remove(0);
    let whole = std::fs::read(&file).unwrap();
    let is_noticed = |what: &str| {
        let (found, read_from) = kept.asked();
        assert_eq!(found, wanted, "{what}");
        let is_known = matches!(&read_from, ReadFrom::Kept(Cold::Unusable | Cold::Changed));
        assert!(is_known, "{what}: {read_from:?}");
        // Threads write their parts in any order.
        assert_eq!(std::fs::metadata(&file).unwrap().len(), whole.len() as u64, "{what}: it is made as it was");
    };
    for length in [0, 1, 7, 8, 20, 200, whole.len() / 2, whole.len() - 60, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        is_noticed(&format!("cut after {length} of {} bytes", whole.len()));
    }
    for place in (0..whole.len()).step_by(whole.len() / 25).chain([whole.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x40;
        std::fs::write(&file, bytes).unwrap();
        is_noticed(&format!("byte {place} of {}", whole.len()));
    }
    let longer = [whole.as_slice(), b"more"].concat();
    std::fs::write(&file, longer).unwrap();
    is_noticed("longer than it was");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(kept.asked().1, ReadFrom::Kept(Cold::None));
}
