INSERT INTO subscribed VALUES (1, 1, '2020-03-01T10:00:00Z', 'a');
INSERT INTO purchased VALUES (1, 1, '2020-03-05T10:00:00Z', 'coffee', 1, 20, NULL, 0),
    (2, 1, '2020-04-05T10:00:00Z', 'coffee', 1, 20, NULL, 0);
