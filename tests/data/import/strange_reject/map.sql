CREATE TABLE contact(id TEXT, name TEXT);
INSERT INTO contact SELECT id, name FROM csv ORDER BY line;
INSERT INTO reject VALUES (NULL, NULL), (99, 'no such line'), (2, 'twice'), (2, 'again');
