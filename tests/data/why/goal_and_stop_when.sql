INSERT INTO subscribed VALUES (1, 1, '2020-03-01T10:00:00Z', 'a'),
    (2, 1, '2020-06-01T10:00:00Z', 'a');
INSERT INTO purchased VALUES (1, 1, '2020-03-20T10:00:00Z', 'tea', 1, 20, NULL, 0),
    (2, 1, '2020-06-10T11:00:00Z', 'lamp', 1, 20, NULL, 0);
