INSERT INTO purchased VALUES (1, 1, '2020-01-10T10:00:00Z', 'coffee', 1, 20, NULL, 0),
    (2, 1, '2020-01-12T10:00:00Z', 'lamp', 1, 43.2, NULL, 0),
    (3, 1, '2020-05-01T10:00:00Z', 'lamp', 1, 5, NULL, 0);
