CREATE TABLE contact (id INTEGER PRIMARY KEY, email TEXT, first_name TEXT);
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, family TEXT, recurring INTEGER, delay TEXT);
CREATE TABLE purchased (
    id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, quantity INTEGER, amount NUMERIC
);
INSERT INTO contact VALUES (7, 'ana@example.com', 'Ana'), (8, 'bob@example.com', 'Bob'), (9, 'eve@example.com', NULL);
INSERT INTO product VALUES (3, 'Soap', 'soap', 1, '6 months'), (4, 'Sponge', 'sponge', 1, '1 year');
INSERT INTO purchased VALUES (1, 7, '2011-03-04 10:00', 3, 1, 12.5), (2, 8, '2011-03-05 11:00', 4, 2, 25);
