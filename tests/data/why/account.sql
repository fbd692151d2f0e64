INSERT INTO purchased VALUES (1, 1, '2020-03-20T10:00:00Z', 'coffee', 1, 20.4, NULL, 0),
    (2, 1, '2020-03-30T10:00:00Z', 'lamp', 1, 19.8, NULL, 0);
INSERT INTO subscribed VALUES (1, 1, '2020-03-25T10:00:00Z', 'a'),
    (2, 1, '2020-04-25T10:00:00Z', 'a');
