INSERT INTO purchased VALUES (1, 1, '2020-01-10T10:00:00Z', 'coffee', 1, 20, NULL, 0),
    (4711, 1, '2020-02-20T10:00:00Z', 'decaf', 1, 23.2, NULL, 0),
    (5, 1, '2020-03-20T10:00:00Z', 'lamp', 1, 23.2, NULL, 0);
