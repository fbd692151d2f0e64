CREATE TABLE contact (id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, tier TEXT, phone TEXT);
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, family TEXT, recurring INTEGER, delay TEXT);
CREATE TABLE purchased (
    id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, quantity INTEGER, amount NUMERIC, discounted INTEGER
);
INSERT INTO contact (id, email, first_name) VALUES (7, 'ana@example.com', 'Ana'), (8, 'bob@example.com', 'Bob');
INSERT INTO product VALUES (3, 'Soap', NULL, 1, '6 months'), (4, 'Sponge', NULL, 1, '1 year');
INSERT INTO purchased VALUES (1, 7, '2011-03-04 10:00', 3, 1, 12.5, NULL), (2, 8, '2011-03-05 11:00', 4, 2, 25, NULL);
UPDATE contact SET tier = 'gold' WHERE id = 7;
UPDATE purchased SET discounted = 1 WHERE id = 2;
