INSERT INTO purchased VALUES (1, 1, '2020-03-20T19:30:00Z', 'lamp', 1, 20, NULL, 0);
