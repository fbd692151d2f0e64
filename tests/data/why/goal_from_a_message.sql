INSERT INTO purchased VALUES (1, 1, '2020-03-20T09:00:00Z', 'lamp', 1, 20, NULL, 0);
