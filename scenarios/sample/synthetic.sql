-- SYNTHETIC: all that this file makes up, so that every scenario of the library has data. It runs after `sample.sql`, on
-- the same tables; the README says, table by table, what is real and what is not.
--
-- It is a generator with a seed, in SQL alone: the same numbers on every machine. Real rows are never changed, but for new
-- columns, and no made-up event is before the first real one or after the last, so that a simulation spans the same days.
-- Made-up contacts have ids from 1001, made-up products from 10001, made-up purchases from 1000001.

-- ---------------------------------------------------------------------------------------------------------------- draws

CREATE TEMP TABLE seed(value INTEGER NOT NULL);
INSERT INTO seed VALUES (20111209);

CREATE TEMP TABLE span AS SELECT min(at) AS first, max(at) AS last FROM purchased;

-- 320 draws from 0 to 9999 for each contact, made up or real: the "minimal standard" generator of Park and Miller (1988),
-- x' = 48271 x mod (2^31 - 1), from a state of the contact's own.
CREATE TEMP TABLE draw(contact INTEGER, place INTEGER, value INTEGER NOT NULL, PRIMARY KEY (contact, place)) WITHOUT ROWID;
INSERT INTO draw
WITH RECURSIVE
    number(id) AS (SELECT 1001 UNION ALL SELECT id + 1 FROM number WHERE id < 1400),
    person(id) AS (SELECT id FROM contact UNION ALL SELECT id FROM number),
    chain(contact, place, state) AS (
        SELECT id, 0, ((id * id * 31 + id * 7919 + value) * 48271 % 2147483647 + 1) * 16807 % 2147483647 FROM person, seed
        UNION ALL
        SELECT contact, place + 1, state * 48271 % 2147483647 FROM chain WHERE place < 320
    )
SELECT contact, place, state / 7 % 10000 FROM chain WHERE place > 0;

-- ------------------------------------------------------------------------------------------------------------- contacts

ALTER TABLE contact ADD COLUMN first_name TEXT;
ALTER TABLE contact ADD COLUMN last_name TEXT;
ALTER TABLE contact ADD COLUMN phone TEXT;
ALTER TABLE contact ADD COLUMN language TEXT;
ALTER TABLE contact ADD COLUMN time_zone TEXT;
ALTER TABLE contact ADD COLUMN birthday TEXT;
ALTER TABLE contact ADD COLUMN created_at TEXT;
ALTER TABLE contact ADD COLUMN tier TEXT;
ALTER TABLE contact ADD COLUMN referrer INTEGER REFERENCES contact(id);
ALTER TABLE contact ADD COLUMN pet TEXT;
ALTER TABLE contact ADD COLUMN skin_type TEXT;
ALTER TABLE contact ADD COLUMN favourite_store TEXT;

-- Of the real contacts we know the country; the rest of theirs stays unknown. Since nobody knows how long they have been
-- customers, they are not taken for dormant, and nothing that they really did is lost to an erasure.
UPDATE contact SET
    language = CASE WHEN country IN ('France', 'Belgium', 'Switzerland') THEN 'fr' ELSE 'en' END,
    time_zone = CASE country
        WHEN 'France' THEN 'Europe/Paris' WHEN 'Belgium' THEN 'Europe/Brussels' WHEN 'Switzerland' THEN 'Europe/Zurich'
        WHEN 'Germany' THEN 'Europe/Berlin' WHEN 'Spain' THEN 'Europe/Madrid' WHEN 'Portugal' THEN 'Europe/Lisbon'
        WHEN 'Italy' THEN 'Europe/Rome' WHEN 'Australia' THEN 'Australia/Sydney' ELSE 'Europe/London' END;

CREATE TEMP TABLE name(language TEXT, place INTEGER, first TEXT, last TEXT);
INSERT INTO name VALUES
    ('fr', 0, 'Inès', 'Marchand'), ('fr', 1, 'Théo', 'Lefèvre'), ('fr', 2, 'Zoé', 'Garnier'), ('fr', 3, 'Léa', 'Faure'),
    ('fr', 4, 'Jérôme', 'Blanchet'), ('fr', 5, 'Amélie', 'Roussel'), ('fr', 6, 'Nadia', 'Benali'), ('fr', 7, 'Hugo', 'Perrin'),
    ('fr', 8, 'Clémence', 'Morel'), ('fr', 9, 'Karim', 'Haddad'), ('fr', 10, 'Solène', 'Le Goff'), ('fr', 11, 'Paul', 'Giraud'),
    ('en', 0, 'Emma', 'Hughes'), ('en', 1, 'Oliver', 'Bennett'), ('en', 2, 'Priya', 'Shah'), ('en', 3, 'Grace', 'Murphy'),
    ('en', 4, 'Tom', 'Fletcher'), ('en', 5, 'Ruth', 'Okafor'), ('en', 6, 'Megan', 'Price'), ('en', 7, 'Alan', 'Whittle'),
    ('en', 8, 'Chloe', 'Barker'), ('en', 9, 'Sanjay', 'Patel'), ('en', 10, 'Fiona', 'Reid'), ('en', 11, 'Jack', 'Holland');

-- What each made-up person is like: their taste (`pet`, `fashion`, `care`, `device`), a subscriber who has bought nothing
-- yet (`prospect`), or one of whom nothing has been heard for years (`asleep`).
CREATE TEMP TABLE person AS
SELECT
    contact AS id,
    max(value) FILTER (WHERE place = 2) AS of_language,
    max(value) FILTER (WHERE place = 3) AS of_name,
    CASE
        WHEN max(value) FILTER (WHERE place = 1) < 3500 THEN 'pet'
        WHEN max(value) FILTER (WHERE place = 1) < 5500 THEN 'fashion'
        WHEN max(value) FILTER (WHERE place = 1) < 7000 THEN 'care'
        WHEN max(value) FILTER (WHERE place = 1) < 8200 THEN 'device'
        WHEN max(value) FILTER (WHERE place = 1) < 9000 THEN 'prospect'
        ELSE 'asleep' END AS taste,
    CASE max(value) FILTER (WHERE place = 4) % 5 WHEN 0 THEN 'rodent' WHEN 1 THEN 'dog' WHEN 2 THEN 'dog' ELSE 'cat' END AS animal,
    -- The first order, in days after the first real purchase, and the days between two orders.
    max(value) FILTER (WHERE place = 5) % 170 AS start,
    CASE
        WHEN max(value) FILTER (WHERE place = 1) < 3500 THEN 18 + max(value) FILTER (WHERE place = 6) % 24
        WHEN max(value) FILTER (WHERE place = 1) < 5500 THEN 40 + max(value) FILTER (WHERE place = 6) % 60
        WHEN max(value) FILTER (WHERE place = 1) < 7000 THEN 30 + max(value) FILTER (WHERE place = 6) % 30
        ELSE 75 + max(value) FILTER (WHERE place = 6) % 60 END AS rhythm,
    1 + max(value) FILTER (WHERE place = 7) % 11 AS orders_max,
    -- How much of what they buy is on offer, in hundredths.
    CASE WHEN max(value) FILTER (WHERE place = 8) < 3500 THEN 80 ELSE 12 END AS offers,
    -- How many of a hundred letters they open.
    max(value) FILTER (WHERE place = 9) % 100 AS reads
FROM draw
WHERE contact > 1000
GROUP BY contact;

-- Some twenty people bring others along.
CREATE TEMP TABLE ambassador AS
SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM person WHERE id <= 1060 AND taste NOT IN ('prospect', 'asleep');

INSERT INTO contact(
    id, code, country, email, first_name, last_name, phone, language, time_zone, birthday, created_at, tier, referrer,
    pet, skin_type, favourite_store
)
SELECT
    person.id, 'synthetic ' || person.id,
    CASE language WHEN 'fr' THEN 'France' ELSE 'United Kingdom' END,
    CASE WHEN e.value >= 900 THEN 's' || person.id || '@example.com' END,
    CASE WHEN f.value >= 1200 THEN first END,
    last,
    -- Numbers that the regulators of both countries keep for films and books.
    CASE WHEN e.value >= 900 AND p.value >= 5500 OR e.value < 150 THEN NULL
         WHEN language = 'fr' THEN '+336399810' || printf('%02d', person.id % 100)
         ELSE '+447700900' || printf('%03d', person.id % 1000) END,
    language,
    CASE language WHEN 'fr' THEN 'Europe/Paris' ELSE 'Europe/London' END,
    CASE WHEN b.value >= 2500 THEN date('1938-01-01', '+' || (b.value * 13 % 21900) || ' days') END,
    CASE taste
        WHEN 'asleep' THEN datetime('2006-03-01 09:30:00', '+' || (c.value % 1500) || ' days')
        WHEN 'prospect' THEN datetime('2010-12-02 08:00:00', '+' || (c.value % 330) || ' days', '+' || (c.value % 700) || ' minutes')
        -- Buyers made their account some months before they first bought: not so long that they seem asleep meanwhile.
        ELSE datetime('2010-12-01 12:40:00', '+' || start || ' days', '-' || (c.value % 150) || ' days') END,
    CASE WHEN taste <> 'prospect' AND c.value % 23 = 0 THEN 'gold' WHEN taste <> 'prospect' AND c.value % 19 = 0 THEN 'silver' END,
    CASE WHEN r.value < 1800 AND taste NOT IN ('prospect', 'asleep') AND person.id > 1060
         THEN (SELECT ambassador.id FROM ambassador WHERE ambassador.place = r.value % 20) END,
    CASE WHEN taste IN ('pet', 'prospect') AND f.value % 4 > 0 THEN animal END,
    NULL,
    CASE WHEN s.value < 3000 THEN CASE language WHEN 'fr' THEN 'Lyon' ELSE 'Bristol' END
         WHEN s.value < 5000 THEN CASE language WHEN 'fr' THEN 'Paris' ELSE 'London' END END
FROM person
JOIN name ON name.language = CASE WHEN of_language < 4500 THEN 'fr' ELSE 'en' END AND name.place = of_name % 12
JOIN draw AS e ON e.contact = person.id AND e.place = 10
JOIN draw AS f ON f.contact = person.id AND f.place = 11
JOIN draw AS p ON p.contact = person.id AND p.place = 12
JOIN draw AS b ON b.contact = person.id AND b.place = 13
JOIN draw AS c ON c.contact = person.id AND c.place = 14
JOIN draw AS r ON r.contact = person.id AND r.place = 15
JOIN draw AS s ON s.contact = person.id AND s.place = 16;

-- ------------------------------------------------------------------------------------------------------------- products

ALTER TABLE product ADD COLUMN category TEXT;
ALTER TABLE product ADD COLUMN size TEXT;
ALTER TABLE product ADD COLUMN price REAL;

-- Of the real products: the department, by their names, and the price at which they were sold most often.
UPDATE product SET category = CASE
    WHEN name LIKE '%CHRISTMAS%' THEN 'christmas'
    WHEN name LIKE '%BAG%' OR name LIKE '%SHOPPER%' THEN 'bags'
    WHEN name LIKE '%LIGHT%' OR name LIKE '%CANDLE%' OR name LIKE '%LANTERN%' THEN 'lighting'
    WHEN name LIKE '%TEA%' OR name LIKE '%CAKE%' OR name LIKE '%TIN%' OR name LIKE '%KITCHEN%' OR name LIKE '%MUG%' THEN 'kitchen'
    WHEN name LIKE '%CARD%' OR name LIKE '%PAPER%' OR name LIKE '%PENCIL%' OR name LIKE '%WRAP%' THEN 'stationery'
    WHEN name LIKE '%GARDEN%' OR name LIKE '%PLANT%' OR name LIKE '%FLOWER%' THEN 'garden'
    WHEN name LIKE '%TOY%' OR name LIKE '%GAME%' OR name LIKE '%DOLL%' OR name LIKE '%CHILD%' THEN 'toys'
    ELSE 'home' END;

CREATE TEMP TABLE usual AS
SELECT product, price FROM (
    SELECT product, price, row_number() OVER (PARTITION BY product ORDER BY times DESC, price DESC) AS place
    FROM (SELECT product, round(amount / quantity, 2) AS price, count(*) AS times FROM purchased GROUP BY 1, 2)
)
WHERE place = 1;
UPDATE product SET price = (SELECT price FROM usual WHERE product = product.id);

-- Delays are a month at the most, so that the sentence of `renewal` has nothing to say about them.
INSERT INTO product(id, code, name, family, recurring, delay, category, size, price) VALUES
    (10001, 'P01', 'Kibble for cats, 1.5 kg', 'kibble-cat', 1, '3 weeks', 'kibble', 'S', 9.9),
    (10002, 'P02', 'Kibble for cats, 4 kg', 'kibble-cat', 1, '1 month', 'kibble', 'M', 21.5),
    (10003, 'P03', 'Kibble for cats, 10 kg', 'kibble-cat', 1, '1 month', 'kibble', 'XL', 44),
    (10004, 'P04', 'Kibble for dogs, 4 kg', 'kibble-dog', 1, '3 weeks', 'kibble', 'M', 19.9),
    (10005, 'P05', 'Kibble for dogs, 8 kg', 'kibble-dog', 1, '1 month', 'kibble', 'L', 34.9),
    (10006, 'P06', 'Kibble for dogs, 15 kg', 'kibble-dog', 1, '1 month', 'kibble', 'XL', 54.9),
    (10007, 'P07', 'Pellets for rabbits and guinea pigs, 2 kg', 'kibble-rodent', 1, '3 weeks', 'kibble', 'S', 8.9),
    (10008, 'P08', 'Litter, 10 l', 'litter', 0, NULL, 'pet care', NULL, 7.5),
    (10009, 'P09', 'Rope toy', 'rope-toy', 0, NULL, 'pet care', NULL, 6.9),
    (10011, 'F01', 'Linen dress', 'dress', 0, NULL, 'women', NULL, 69),
    (10012, 'F02', 'Wool coat', 'coat', 0, NULL, 'women', NULL, 159),
    (10013, 'F03', 'Silk scarf', 'scarf', 0, NULL, 'women', NULL, 45),
    (10014, 'F04', 'Raw denim jeans', 'jeans', 0, NULL, 'men', NULL, 79),
    (10015, 'F05', 'Oxford shirt', 'shirt', 0, NULL, 'men', NULL, 55),
    (10016, 'F06', 'Merino jumper', 'jumper', 0, NULL, 'men', NULL, 89),
    (10017, 'F07', 'Rain jacket for children', 'child-jacket', 0, NULL, 'children', NULL, 49),
    (10018, 'F08', 'Striped T-shirt for children', 'child-shirt', 0, NULL, 'children', NULL, 15),
    (10021, 'C01', 'Rich cream for dry skin, 50 ml', 'day-cream', 1, '1 month', 'care', NULL, 28),
    (10022, 'C02', 'Light gel for oily skin, 50 ml', 'day-cream', 1, '1 month', 'care', NULL, 26),
    (10023, 'C03', 'Balancing fluid for mixed skin, 50 ml', 'day-cream', 1, '1 month', 'care', NULL, 27),
    (10024, 'C04', 'Gentle cleanser, 200 ml', 'cleanser', 0, NULL, 'care', NULL, 14),
    (10025, 'C05', 'Sun care, very high protection', 'sun', 0, NULL, 'care', NULL, 19),
    (10026, 'C06', 'Night serum, 30 ml', 'serum', 0, NULL, 'care', NULL, 39),
    (10031, 'D01', 'Smartphone Alto', 'phone', 0, NULL, 'devices', NULL, 349),
    (10032, 'D02', 'Case for Alto', 'case', 0, NULL, 'devices', NULL, 25),
    (10033, 'D03', 'Tempered glass for Alto', 'glass', 0, NULL, 'devices', NULL, 15),
    (10034, 'D04', 'Fast charger', 'charger', 0, NULL, 'devices', NULL, 29),
    (10035, 'D05', 'Wireless earphones', 'earphones', 0, NULL, 'devices', NULL, 79),
    (10036, 'D06', 'Camera Lumo', 'camera', 0, NULL, 'devices', NULL, 429),
    (10037, 'D07', 'Memory card, 64 GB', 'memory', 0, NULL, 'devices', NULL, 22),
    (10038, 'D08', 'Camera bag', 'camera-bag', 0, NULL, 'devices', NULL, 45);

-- What goes with what, the best first.
CREATE TABLE product_complements(
    product INTEGER NOT NULL REFERENCES product(id), complements INTEGER NOT NULL REFERENCES product(id), rank INTEGER NOT NULL,
    PRIMARY KEY (product, rank)
) WITHOUT ROWID;
INSERT INTO product_complements(product, complements, rank) VALUES
    (10031, 10032, 1), (10031, 10033, 2), (10031, 10034, 3), (10031, 10035, 4),
    (10036, 10037, 1), (10036, 10038, 2), (10036, 10034, 3),
    (10021, 10024, 1), (10021, 10026, 2), (10022, 10024, 1), (10022, 10025, 2), (10023, 10024, 1), (10023, 10025, 2),
    (10012, 10013, 1), (10014, 10015, 1), (10014, 10016, 2);

-- What people of each taste buy: the first line whose number is above a draw from 0 to 99.
CREATE TEMP TABLE shelf(taste TEXT, upto INTEGER, product INTEGER);
INSERT INTO shelf VALUES
    ('cat', 30, 10001), ('cat', 70, 10002), ('cat', 88, 10003), ('cat', 100, 10008),
    ('dog', 35, 10004), ('dog', 65, 10005), ('dog', 90, 10006), ('dog', 100, 10009),
    ('rodent', 85, 10007), ('rodent', 100, 10008),
    ('fashion', 25, 10011), ('fashion', 33, 10012), ('fashion', 45, 10013), ('fashion', 60, 10014), ('fashion', 72, 10015),
    ('fashion', 80, 10016), ('fashion', 88, 10017), ('fashion', 100, 10018),
    ('care', 25, 10021), ('care', 45, 10022), ('care', 65, 10023), ('care', 80, 10024), ('care', 90, 10025), ('care', 100, 10026),
    ('device', 40, 10031), ('device', 55, 10036), ('device', 70, 10035), ('device', 85, 10032), ('device', 93, 10037), ('device', 100, 10034);

-- ------------------------------------------------------------------------------------------------------------ purchases

ALTER TABLE purchased ADD COLUMN discounted INTEGER;

-- Of the real lines: whether they were sold a tenth or more below the usual price.
UPDATE purchased
SET discounted = (SELECT amount / quantity <= price * 0.9 FROM product WHERE product.id = purchased.product);

-- Orders of made-up people: one each `rhythm`, give or take a third of it, until they have had enough.
CREATE TEMP TABLE ordered AS
WITH RECURSIVE turn(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM turn WHERE n < 24),
planned AS (
    SELECT
        person.id AS contact, n, taste, animal, offers,
        datetime('2010-12-01 08:10:00',
            '+' || (start + n * rhythm + d.value % (rhythm / 3 + 1)) || ' days',
            '+' || (d.value * 7 % 760) || ' minutes', '+' || (d.value % 60) || ' seconds') AS at
    FROM person JOIN turn ON n < orders_max JOIN draw AS d ON d.contact = person.id AND d.place = 20 + n
    WHERE taste NOT IN ('prospect', 'asleep')
)
SELECT planned.*, 'S' || contact || '-' || (n + 1) AS "order"
FROM planned, span
WHERE at > first AND at <= last;

INSERT INTO purchased(id, contact, product, at, quantity, amount, "order", discounted)
SELECT
    1000000 + row_number() OVER (ORDER BY at, contact, line), contact, product, at, quantity,
    round(quantity * price * CASE WHEN discounted THEN 0.8 ELSE 1 END, 2), "order", discounted
FROM (
    SELECT
        ordered.contact, ordered.at, ordered."order", line, product.id AS product, product.price,
        1 + (q.value < 1500) AS quantity, q.value / 100 % 100 < offers AS discounted
    FROM ordered
    JOIN (SELECT 0 AS line UNION ALL SELECT 1 UNION ALL SELECT 2)
    JOIN draw AS d ON d.contact = ordered.contact AND d.place = 50 + n * 6 + line
    JOIN draw AS q ON q.contact = ordered.contact AND q.place = 50 + n * 6 + 3 + line
    JOIN product ON product.id = (
        SELECT shelf.product FROM shelf
        WHERE shelf.taste = CASE ordered.taste WHEN 'pet' THEN animal ELSE ordered.taste END AND d.value % 100 < upto
        ORDER BY upto LIMIT 1
    )
    -- Most orders are of one line, some of two or three.
    WHERE line = 0 OR line = 1 AND d.value < 3500 OR line = 2 AND d.value < 1200
);

CREATE TABLE order_delivered(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), at TEXT NOT NULL, "order" TEXT NOT NULL
);
-- Two to five days after the order; three of a hundred are lost.
INSERT INTO order_delivered
SELECT row_number() OVER (ORDER BY at, "order"), contact, at, "order"
FROM (
    SELECT
        contact, "order", datetime(min(at), '+' || (2 + value % 4) || ' days', '+' || (value % 170) || ' minutes') AS at
    FROM purchased JOIN draw USING (contact)
    WHERE place = 200 + CAST(substr("order", -1) AS INTEGER) AND value % 100 >= 3
    GROUP BY contact, "order"
), span
WHERE at <= last;

-- Real: what the shop's file calls a cancellation came back. Its order is the latest one before with that product, where the
-- file goes back that far.
CREATE TABLE returned(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), at TEXT NOT NULL,
    product INTEGER NOT NULL REFERENCES product(id), quantity INTEGER NOT NULL, amount REAL NOT NULL, "order" TEXT
);
INSERT INTO returned
SELECT
    row_number() OVER (ORDER BY InvoiceDate, line), contact.id, InvoiceDate, product.id, -CAST(Quantity AS INTEGER),
    round(-CAST(Quantity AS INTEGER) * CAST(UnitPrice AS REAL), 2),
    (SELECT "order" FROM purchased
     WHERE purchased.contact = contact.id AND purchased.product = product.id AND purchased.at <= InvoiceDate
     ORDER BY purchased.at DESC, purchased.id DESC LIMIT 1)
FROM csv JOIN contact ON contact.code = CustomerID JOIN product ON product.code = StockCode
WHERE CAST(Quantity AS INTEGER) < 0
ORDER BY InvoiceDate, line;

-- --------------------------------------------------------------------------------------- subscriptions, carts, the quiz

CREATE TABLE subscribed(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), at TEXT NOT NULL, list TEXT NOT NULL
);
-- A third of the real contacts on the day of their first purchase, half of the made-up buyers some day, every prospect.
INSERT INTO subscribed
SELECT row_number() OVER (ORDER BY at, contact), contact, at, list
FROM (
    SELECT
        contact.id AS contact,
        datetime(max(coalesce(created_at, (SELECT min(at) FROM purchased WHERE purchased.contact = contact.id)), first),
            '+' || (5 + value % 240) || ' minutes',
            CASE WHEN created_at < first THEN '+' || (value % 290) || ' days' ELSE '+0 days' END) AS at,
        CASE WHEN value % 10 = 0 THEN 'offers' ELSE 'newsletter' END AS list
    FROM contact JOIN draw ON draw.contact = contact.id AND place = 210 LEFT JOIN person ON person.id = contact.id, span
    WHERE taste = 'prospect' OR taste IS NULL AND value < 3300 OR taste NOT IN ('prospect', 'asleep') AND value < 5000
), span
WHERE at <= last;

CREATE TABLE cart_updated(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), at TEXT NOT NULL, cart TEXT NOT NULL
);
-- A third of the made-up orders stood in a cart an hour before; other carts were left: with two changes, twelve minutes
-- apart, of which the second empties the cart of one in six.
CREATE TEMP TABLE cart AS
SELECT contact, datetime(at, '-1 hour') AS at, 'cart of ' || "order" AS cart, 1 AS change, 0 AS emptied
FROM ordered JOIN draw USING (contact)
WHERE place = 220 AND (value + n * 37) % 100 < 33
UNION ALL
SELECT
    contact, datetime('2010-12-04 10:05:00', '+' || (value * 11 % 365) || ' days', '+' || (value % 600) || ' minutes',
        '+' || (change * 12) || ' minutes'),
    'cart ' || contact || '-' || (place - 220), change, change = 2 AND value % 6 = 0
FROM person JOIN draw ON draw.contact = person.id AND place IN (221, 222)
JOIN (SELECT 1 AS change UNION ALL SELECT 2)
WHERE taste <> 'asleep' AND value % 100 < 45;
INSERT INTO cart_updated
SELECT row_number() OVER (ORDER BY at, contact, cart), contact, at, cart FROM cart, span WHERE at > first AND at <= last;

CREATE TABLE cart_updated_products(
    cart_updated INTEGER NOT NULL REFERENCES cart_updated(id), products INTEGER NOT NULL REFERENCES product(id),
    rank INTEGER NOT NULL, PRIMARY KEY (cart_updated, rank)
) WITHOUT ROWID;
-- The first change puts one product into the cart, the second another one beside it.
INSERT INTO cart_updated_products
SELECT
    cart_updated.id,
    (SELECT shelf.product FROM shelf
     WHERE shelf.taste = CASE person.taste WHEN 'pet' THEN animal WHEN 'prospect' THEN animal ELSE person.taste END
         AND (value + rank * 41 + cart_updated.id / 2) % 100 < upto
     ORDER BY upto LIMIT 1),
    rank
FROM cart_updated JOIN cart USING (contact, at, cart) JOIN person ON person.id = contact
JOIN draw USING (contact)
JOIN (SELECT 1 AS rank UNION ALL SELECT 2) ON rank <= change
WHERE place = 230 AND NOT emptied;

CREATE TABLE quiz_answered(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), at TEXT NOT NULL, quiz TEXT NOT NULL,
    skin_type TEXT, favourite_store TEXT
);
-- "Know your skin": most of those who buy care, some prospects. Not everybody answers every question.
INSERT INTO quiz_answered
SELECT row_number() OVER (ORDER BY at, contact), contact, at, 'skin', skin_type, favourite_store
FROM (
    SELECT
        person.id AS contact,
        datetime('2010-12-08 09:00:00', '+' || (value * 3 % 340) || ' days', '+' || (value % 720) || ' minutes') AS at,
        CASE value % 7 WHEN 0 THEN NULL WHEN 1 THEN 'dry' WHEN 2 THEN 'dry' WHEN 3 THEN 'oily' WHEN 4 THEN 'oily' ELSE 'mixed' END
            AS skin_type,
        favourite_store
    FROM person JOIN draw ON draw.contact = person.id AND place = 240 JOIN contact ON contact.id = person.id
    WHERE taste = 'care' AND value < 8500 OR taste = 'prospect' AND value < 4000
), span
WHERE at <= last;

-- ------------------------------------------------------------------------------------------- what became of the messages

CREATE TABLE opened(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), at TEXT NOT NULL, message TEXT NOT NULL, "by" TEXT
);
CREATE TABLE clicked(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), at TEXT NOT NULL, message TEXT NOT NULL,
    link TEXT, "by" TEXT
);

CREATE TEMP TABLE seen AS
-- The newsletter that the shop sent by hand, on the fifth of each month: to subscribers, and to those asleep.
WITH RECURSIVE month(n, day) AS (
    SELECT 0, '2010-12-05 08:00:00' UNION ALL SELECT n + 1, datetime(day, '+1 month') FROM month WHERE n < 12
)
SELECT
    draw.contact, datetime(day, '+' || (value % 2800) || ' minutes') AS at, 'newsletter' AS message,
    value % 100 < 12 AS clicks, value
FROM month JOIN draw ON place = 250 + n
LEFT JOIN person ON person.id = draw.contact
WHERE value / 100 < CASE WHEN taste IS NULL THEN draw.contact * 17 % 70 WHEN taste = 'asleep' THEN 2 ELSE reads END
    AND (taste = 'asleep' OR draw.contact IN (SELECT contact FROM subscribed WHERE subscribed.at < day))
UNION ALL
-- The welcome: half open it, a third click.
SELECT contact, datetime(at, '+' || (20 + value % 900) || ' minutes'), 'welcome', value < 3300, value
FROM subscribed JOIN draw USING (contact)
WHERE place = 270 AND value < 5500 AND list = 'newsletter'
UNION ALL
-- The reminder of what is bought again: a week before three weeks, or before a month.
SELECT
    contact,
    datetime(at, CASE delay WHEN '3 weeks' THEN '+14 days' ELSE '+1 month' END,
        CASE delay WHEN '3 weeks' THEN '+0 days' ELSE '-7 days' END, '+' || (30 + value % 2000) || ' minutes'),
    'reminder', value < 1500, value
FROM purchased JOIN product ON product.id = product JOIN draw USING (contact)
WHERE place = 271 AND recurring AND product >= 10001 AND (value + purchased.id * 13) % 100 < 45
UNION ALL
-- A request for a review, ten days after the delivery: a fourth click.
SELECT contact, datetime(at, '+10 days', '+' || (10 + (value + order_delivered.id * 7) % 3000) || ' minutes'), 'please_review', 1, value
FROM order_delivered JOIN draw USING (contact)
WHERE place = 273 AND (value + order_delivered.id * 29) % 100 < 25
UNION ALL
-- The survey of those asleep, on the first monday at nine.
SELECT person.id, datetime('2010-12-06 09:00:00', '+' || (60 + value % 4000) || ' minutes'), 'survey', value < 800, value
FROM person JOIN draw ON draw.contact = person.id AND place = 272
WHERE taste = 'asleep' AND value < 3000;

-- Most were opened by people; some by machines that look into letters, of some nobody knows.
INSERT INTO opened
SELECT
    row_number() OVER (ORDER BY at, contact, message), contact, at, message,
    CASE WHEN value % 20 < 2 THEN 'machine' WHEN value % 20 = 2 THEN 'unknown' ELSE 'person' END
FROM (SELECT DISTINCT contact, at, message, value FROM seen), span
WHERE at > first AND at <= last;
INSERT INTO clicked
SELECT row_number() OVER (ORDER BY at, contact, message), contact, at, message, 'main', 'person'
FROM (SELECT DISTINCT contact, datetime(at, '+2 minutes') AS at, message FROM seen WHERE clicks), span
WHERE at > first AND at <= last;

-- ----------------------------------------------------------------------------------------------------------------------

CREATE INDEX order_delivered_contact_at ON order_delivered(contact, at);
CREATE INDEX returned_contact_at ON returned(contact, at);
CREATE INDEX subscribed_contact_at ON subscribed(contact, at);
CREATE INDEX cart_updated_contact_at ON cart_updated(contact, at);
CREATE INDEX quiz_answered_contact_at ON quiz_answered(contact, at);
CREATE INDEX opened_contact_at ON opened(contact, at);
CREATE INDEX clicked_contact_at ON clicked(contact, at);
ANALYZE;
