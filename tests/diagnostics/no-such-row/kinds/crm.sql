-- The contacts of a shop that numbers them in texts, and the purchases of its till, which keeps numbers.
CREATE TABLE contact (id TEXT PRIMARY KEY, email TEXT);
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, recurring INTEGER, delay TEXT);
CREATE TABLE purchased (id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER);
INSERT INTO contact VALUES ('7', 'ana@example.com'), ('8', 'bob@example.com');
INSERT INTO product VALUES (3, 'Soap', 1, '6 months');
INSERT INTO purchased VALUES (1, 7, '2011-03-04 10:00', 3), (2, 8, '2011-03-05 11:00', 3);
