CREATE TABLE contact(id TEXT, name TEXT);
INSERT INTO contact SELECT id, name FROM csv ORDER BY line;
