-- The sample's CRM, from `purchases.csv.gz`; its README says where that comes from. Amounts are pounds sterling.
--
--   scn import scenarios/sample/crm.db --csv scenarios/sample/purchases.csv.gz --with scenarios/sample/sample.sql
--
-- `synthetic.sql` runs after it, and adds what the shop's file does not tell.

INSERT INTO reject
SELECT line, CASE WHEN CAST(Quantity AS INTEGER) <= 0 THEN 'cancelled or no quantity' ELSE 'no price' END
FROM csv
WHERE CAST(Quantity AS INTEGER) <= 0 OR CAST(UnitPrice AS REAL) <= 0;

CREATE TEMP TABLE kept AS SELECT * FROM csv WHERE line NOT IN (SELECT line FROM reject);

-- Contacts and products are numbered in the order of their first purchase in the file, whose country and name they have.
CREATE TABLE contact(id INTEGER PRIMARY KEY, code TEXT NOT NULL, country TEXT NOT NULL, email TEXT);
INSERT INTO contact
SELECT row_number() OVER (ORDER BY line), CustomerID, Country, 'c' || row_number() OVER (ORDER BY line) || '@example.com'
FROM kept
WHERE line IN (SELECT min(line) FROM kept GROUP BY CustomerID);

CREATE TABLE product(
    id INTEGER PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL, family TEXT NOT NULL,
    recurring INTEGER NOT NULL, delay TEXT
);
INSERT INTO product
SELECT row_number() OVER (ORDER BY line), StockCode, trim(Description), Family, Recurring, nullif(Delay, '')
FROM kept
WHERE line IN (SELECT min(line) FROM kept GROUP BY StockCode);

-- Numbered in the order of time; rows of one instant keep the order of the file.
CREATE TABLE purchased(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), product INTEGER NOT NULL REFERENCES product(id),
    at TEXT NOT NULL, quantity INTEGER NOT NULL, amount REAL NOT NULL, "order" TEXT NOT NULL
);
INSERT INTO purchased
SELECT row_number() OVER (ORDER BY InvoiceDate, line), contact.id, product.id, InvoiceDate, CAST(Quantity AS INTEGER),
       round(CAST(Quantity AS INTEGER) * CAST(UnitPrice AS REAL), 2), InvoiceNo
FROM kept JOIN contact ON contact.code = CustomerID JOIN product ON product.code = StockCode
ORDER BY InvoiceDate, line;

CREATE INDEX purchased_contact_at ON purchased(contact, at);
ANALYZE;
