-- A CRM from the whole of "Online Retail" (Chen, D., 2015, doi 10.24432/C5BW33, CC BY 4.0):
--
--   scn import crm.db --csv online_retail.csv.gz --with online_retail.sql
--
-- Kept are rows of a known contact with a positive quantity and price; all others are rejected, each with its reason.

INSERT INTO reject
SELECT line,
       CASE WHEN CustomerID = '' THEN 'no contact'
            WHEN CAST(Quantity AS INTEGER) <= 0 THEN 'cancelled or no quantity'
            ELSE 'no price' END
FROM csv
WHERE CustomerID = '' OR CAST(Quantity AS INTEGER) <= 0 OR CAST(UnitPrice AS REAL) <= 0;

CREATE TEMP TABLE kept AS
SELECT line, InvoiceNo, StockCode, trim(Description) AS name, InvoiceDate AS at, CustomerID, Country,
       CAST(Quantity AS INTEGER) AS quantity,
       round(CAST(Quantity AS INTEGER) * CAST(UnitPrice AS REAL), 2) AS amount,
       -- Colours and sizes of one product share the five digits with which their codes begin.
       CASE WHEN StockCode GLOB '[0-9][0-9][0-9][0-9][0-9]*' THEN substr(StockCode, 1, 5) ELSE StockCode END AS family
FROM csv
WHERE line NOT IN (SELECT line FROM reject);

-- Contacts and products are numbered in the order of their first purchase in the file, whose country and name they have.
CREATE TABLE contact(id INTEGER PRIMARY KEY, code TEXT NOT NULL, country TEXT NOT NULL, email TEXT NOT NULL);
INSERT INTO contact
SELECT row_number() OVER (ORDER BY line), CustomerID, Country, 'c' || row_number() OVER (ORDER BY line) || '@example.com'
FROM kept
WHERE line IN (SELECT min(line) FROM kept GROUP BY CustomerID);

-- A family is recurring when at least 50 contacts bought it on two days or more; its delay is the median gap between the
-- days on which one contact bought it, in months of 30.44 days, not less than 2 and not more than 6.
CREATE TEMP TABLE gap AS
SELECT family, CustomerID,
       julianday(day) - julianday(lag(day) OVER (PARTITION BY family, CustomerID ORDER BY day)) AS days
FROM (SELECT DISTINCT family, CustomerID, substr(at, 1, 10) AS day FROM kept);

CREATE TEMP TABLE recurring(family TEXT PRIMARY KEY, months INTEGER);
INSERT INTO recurring
SELECT family, min(6, max(2, CAST(round(avg(days) / 30.44) AS INTEGER)))
FROM (
    SELECT family, days,
           row_number() OVER (PARTITION BY family ORDER BY days) AS place,
           count(*) OVER (PARTITION BY family) AS gaps
    FROM gap
    WHERE days IS NOT NULL
)
-- The middle gap, or the two in the middle.
WHERE place IN ((gaps + 1) / 2, gaps / 2 + 1)
GROUP BY family
HAVING family IN (SELECT family FROM gap WHERE days IS NOT NULL GROUP BY family HAVING count(DISTINCT CustomerID) >= 50);

CREATE TABLE product(
    id INTEGER PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL, family TEXT NOT NULL,
    recurring INTEGER NOT NULL, delay TEXT
);
INSERT INTO product
SELECT row_number() OVER (ORDER BY line), StockCode, name, kept.family, months IS NOT NULL, months || ' months'
FROM kept LEFT JOIN recurring USING (family)
WHERE line IN (SELECT min(line) FROM kept GROUP BY StockCode);

-- Numbered in the order of time; rows of one instant keep the order of the file.
CREATE TABLE purchased(
    id INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contact(id), product INTEGER NOT NULL REFERENCES product(id),
    at TEXT NOT NULL, quantity INTEGER NOT NULL, amount REAL NOT NULL, "order" TEXT NOT NULL
);
INSERT INTO purchased
SELECT row_number() OVER (ORDER BY at, line), contact.id, product.id, at, quantity, amount, InvoiceNo
FROM kept JOIN contact ON contact.code = CustomerID JOIN product ON product.code = StockCode
ORDER BY at, line;

CREATE INDEX purchased_contact_at ON purchased(contact, at);
ANALYZE;
