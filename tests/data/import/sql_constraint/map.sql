CREATE TABLE contact(id TEXT, name TEXT NOT NULL);

-- fails
/* really */ INSERT INTO contact
SELECT id, NULL FROM csv;
