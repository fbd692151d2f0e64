CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, phone TEXT, first_name TEXT, tier TEXT, referrer INTEGER, created_at TEXT, email_consent INTEGER);
CREATE TABLE product(id TEXT PRIMARY KEY, name TEXT, family TEXT, category TEXT, recurring INTEGER, delay TEXT);
CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product TEXT, quantity INTEGER, amount REAL, "order" TEXT, discounted INTEGER);
CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, list TEXT);
CREATE TABLE opened(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, message TEXT, "by" TEXT);
CREATE TABLE clicked(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, message TEXT, "by" TEXT);
INSERT INTO product VALUES ('lamp', 'Lamp', 'lamps', 'light', 0, NULL), ('coffee', 'Coffee', 'coffee', 'food', 1, '3 months'),
    ('decaf', 'Decaf', 'coffee', 'food', 1, '3 months'), ('tea', 'Tea', 'tea', 'food', 1, NULL);
INSERT INTO contact(id, email, first_name, created_at) VALUES (1, 'ana@example.com', 'Ana', '2019-01-01'), (2, NULL, 'Bob', '2019-01-01');
