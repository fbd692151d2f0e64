//! What a message says of lists: rows of the CRM, taken when it leaves.

use super::shop::{Shop, template};
use scn::time::Instant;
use std::fs;

/// 2026-01-01 00:00 UTC.
const START: i64 = 1_767_225_600;

const TEXT: &str = "scenario story {
  when purchased product.complements is not empty
  wait 1 hour
  send email reminder
    with suggestions = top 2 of product.complements, more = recommend(4), offer = product
    unless purchased product in trigger.product.complements
}";

const BODY: &str = "{% for each in suggestions %}{{ each.name }} {{ each.price | default(0) | money }} {{ each.complements | length }};\
    {% endfor %} of {{ offer.name }}, {{ more | length }}: {% for each in more %}{{ each.name }};{% endfor %} \
    {% for tag in contact.tags %}{{ tag }};{% endfor %}";

/// Product 1 goes with 4, 2 and 3, in this order; product 4 goes with 5.
fn shop() -> Shop {
    let shop = Shop::new(TEXT, "UTC", &[template("email", "reminder", BODY)]);
    shop.sql(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
         CREATE TABLE contact_tags(contact, tags, rank);
         CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, price);
         CREATE TABLE product_complements(product, complements, rank);
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, product INTEGER, at);
         INSERT INTO contact VALUES (1, 'c1@example.com'), (2, 'c2@example.com');
         INSERT INTO contact_tags VALUES (1, 'early', 1), (1, 'loud', 2);
         INSERT INTO product VALUES (1, 'bed', 300), (2, 'lamp', 20.5), (3, 'rug', 80), (4, 'pillow', NULL), (5, 'oil', 9);
         INSERT INTO product_complements VALUES (1, 4, 1), (1, 2, 2), (1, 3, 3), (4, 5, 1);",
    );
    shop
}

#[test]
fn a_message_shows_the_rows_of_its_lists() {
    let shop = shop();
    let mut run = shop.open(Instant::from_seconds(START));
    shop.sql(&format!("INSERT INTO purchased VALUES (1, 1, 1, {START}), (2, 2, 1, {START})"));
    // Who buys a complement meanwhile is not told of them.
    shop.sql(&format!("INSERT INTO purchased VALUES (3, 2, 2, {})", START + 600));
    for seconds in [0, 600, 3600] {
        run.tick(Instant::from_seconds(START + seconds), &|| false).unwrap();
    }
    let mut files = fs::read_dir(shop.outbox()).unwrap();
    let text = fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
    assert!(files.next().is_none());
    let expected = "pillow 0.00 EUR 1;lamp 20.50 EUR 0; of bed, 3: pillow;lamp;rug; early;loud;";
    assert!(text.contains(expected), "{text}");
}
