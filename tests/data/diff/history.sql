-- The history of all cases: two persons who can be reached, and one who cannot.
CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, recurring INTEGER);
CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, quantity INTEGER, amount NUMERIC);
INSERT INTO contact VALUES (1, 'ana@example.com'), (2, 'ben@example.com'), (3, NULL);
INSERT INTO product VALUES (1, 'Lamp', 0);
INSERT INTO purchased VALUES
    (1, 1, '2020-01-10T10:00:00Z', 1, 1, 20), (2, 1, '2020-02-05T10:00:00Z', 1, 1, 20),
    (3, 2, '2020-01-10T10:00:00Z', 1, 1, 20), (4, 3, '2020-03-01T10:00:00Z', 1, 1, 20);
