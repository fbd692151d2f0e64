-- How `sales.csv` becomes the CRM: `scn import shop.db --csv sales.csv --with sales.sql`.
-- The file is the table `csv`, all columns TEXT; what is refused goes to `reject(line, reason)`.

INSERT INTO reject
SELECT line, 'neither a purchase nor a subscription' FROM csv WHERE what NOT IN ('purchase', 'subscription');

CREATE TABLE contact(id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, phone TEXT);
INSERT INTO contact(first_name, email)
SELECT first_name, email FROM csv GROUP BY email ORDER BY min(line);

-- What the shop knows of its products. `family` says what "the same product again" means.
CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, family TEXT, recurring INTEGER NOT NULL, delay TEXT);
INSERT INTO product(name, family, recurring, delay) VALUES
    ('Running shoes Aura', 'running shoes', 1, '6 months'),
    ('Running shoes Terra', 'running shoes', 1, '6 months'),
    ('Water filter, pack of 4', 'water filter', 1, '4 months'),
    ('Toothbrush heads, pack of 6', 'toothbrush heads', 1, '1 year'),
    ('Mattress Nuit', 'mattress', 1, '10 years'),
    ('Reading lamp', NULL, 0, NULL);

CREATE TABLE purchased(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, product INTEGER NOT NULL,
    quantity INTEGER NOT NULL, amount TEXT NOT NULL
);
INSERT INTO purchased(id, contact, at, product, quantity, amount)
SELECT line, contact.id, at, product.id, CAST(quantity AS INTEGER), amount
FROM csv JOIN contact USING (email) JOIN product ON product.name = csv.product
WHERE what = 'purchase';

CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, list TEXT NOT NULL);
INSERT INTO subscribed(id, contact, at, list)
SELECT line, contact.id, at, 'newsletter' FROM csv JOIN contact USING (email) WHERE what = 'subscription';

CREATE INDEX purchased_contact_at ON purchased(contact, at);
CREATE INDEX subscribed_contact_at ON subscribed(contact, at);
