CREATE TABLE contact (id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, lead TEXT);
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, recurring INTEGER, delay TEXT, seasonal INTEGER);
CREATE TABLE purchased (id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, quantity INTEGER);
INSERT INTO contact VALUES (7, 'ana@example.com', 'Ana', '1 month'), (8, 'bob@example.com', 'Bob', NULL), (9, 'eve@example.com', 'Eve', '2 weeks');
INSERT INTO product (id, name, recurring, delay) VALUES (3, 'Soap', 1, '6 months'), (4, 'Sponge', 1, '1 year'), (5, 'Salt', 1, NULL);
INSERT INTO purchased VALUES (1, 7, '2011-03-04 10:00', 3, 1), (2, 8, '2011-03-05 11:00', 4, 2);
