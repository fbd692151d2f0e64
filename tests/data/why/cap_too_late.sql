INSERT INTO purchased VALUES (1, 1, '2020-03-20T09:00:00Z', 'lamp', 1, 20, NULL, 0),
    (2, 1, '2020-03-24T09:00:00Z', 'lamp', 2, 20, NULL, 0);
