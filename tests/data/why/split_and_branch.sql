INSERT INTO purchased VALUES (1, 1, '2020-03-20T10:00:00Z', 'coffee', 1, 20, NULL, 0),
    (2, 1, '2020-03-21T10:00:00Z', 'lamp', 1, 20, NULL, 0),
    (3, 1, '2020-04-21T10:00:00Z', 'lamp', 1, 20, NULL, 0);
