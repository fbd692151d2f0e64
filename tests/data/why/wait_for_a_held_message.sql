INSERT INTO purchased VALUES (1, 1, '2020-03-20T10:00:00Z', 'lamp', 1, 20, NULL, 0),
    (2, 1, '2020-03-20T21:00:00Z', 'lamp', 2, 20, NULL, 0),
    (3, 1, '2020-03-30T10:00:00Z', 'lamp', 1, 20, NULL, 0);
