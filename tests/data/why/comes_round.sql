INSERT INTO purchased VALUES (1, 1, '2020-03-20T09:00:00Z', 'lamp', 1, 20, NULL, 0),
    (2, 1, '2020-04-08T09:00:00Z', 'lamp', 1, 20, NULL, 0), (3, 1, '2020-05-22T09:00:00Z', 'lamp', 1, 20, NULL, 0);
