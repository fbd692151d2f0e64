INSERT INTO purchased VALUES (1, 1, '2020-03-20T10:00:00Z', 'tea', 1, 20, NULL, 0),
    (2, 1, '2020-04-20T10:00:00Z', 'lamp', 1, 80, NULL, 0);
