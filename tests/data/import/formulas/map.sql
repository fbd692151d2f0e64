CREATE TABLE contact(id TEXT, name TEXT);
INSERT INTO contact SELECT id, name FROM csv ORDER BY line;
INSERT INTO reject SELECT line, '=reason' FROM csv WHERE id < 6;
DELETE FROM contact WHERE id < 6;
