INSERT INTO purchased VALUES (1, 1, '2018-01-10T10:00:00Z', 'coffee', 1, 70, NULL, 0),
    (2, 1, '2020-02-20T10:00:00Z', 'decaf', 1, 23.2, NULL, 0),
    (3, 1, '2020-03-20T10:00:00Z', 'lamp', 1, 20, NULL, 0);
INSERT INTO subscribed VALUES (1, 1, '2020-03-21T10:00:00Z', 'newsletter'),
    (2, 1, '2020-04-21T10:00:00Z', 'other');
