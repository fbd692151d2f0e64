CREATE TABLE consent_changed(id INTEGER PRIMARY KEY, contact, at, channel TEXT, granted INTEGER);
INSERT INTO purchased VALUES (2, 1, '2020-03-10T10:00:00Z', 'lamp', 1, 20, NULL, 0);
INSERT INTO consent_changed VALUES (1, 1, '2020-03-12T10:00:00Z', 'email', 1);
INSERT INTO purchased VALUES (3, 1, '2020-03-14T10:00:00Z', 'lamp', 1, 20, NULL, 0);
INSERT INTO consent_changed VALUES (2, 1, '2020-03-15T10:00:00Z', 'email', 0);
INSERT INTO purchased VALUES (4, 1, '2020-03-20T10:00:00Z', 'lamp', 1, 20, NULL, 0);
UPDATE contact SET phone = '+33600000000' WHERE id = 1;
INSERT INTO consent_changed VALUES (3, 1, '2020-03-18T10:00:00Z', 'sms', 0);
