INSERT INTO subscribed VALUES (1, 1, '2020-03-01T12:00:00Z', 'a');
INSERT INTO purchased VALUES (1, 1, '2020-03-10T10:00:00Z', 'lamp', 1, 21, NULL, 0),
    (2, 1, '2020-03-11T11:00:00Z', 'lamp', 1, 22, NULL, 0),
    (3, 1, '2020-03-12T12:00:00Z', 'lamp', 1, 23, NULL, 0),
    (4, 1, '2020-03-13T13:00:00Z', 'lamp', 1, 24, NULL, 0),
    (5, 1, '2020-03-14T14:00:00Z', 'lamp', 1, 25, NULL, 0),
    (6, 1, '2020-03-15T15:00:00Z', 'lamp', 1, 26, NULL, 0);
CREATE TABLE cart_updated(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, cart TEXT);
INSERT INTO cart_updated VALUES (1, 1, '2020-03-12T12:30:00Z', 'c');
