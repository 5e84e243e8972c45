-- Made-up people for one's own machine.
INSERT INTO customers VALUES
    (1, 'Test Tester', 'test@example.com', 'free'),
    (2, 'Long Name von und zu', 'long@example.com', 'business');
INSERT INTO tickets VALUES
    (1, 1, 'lorem ipsum', 'open', 4, '2025-01-01T00:00:00Z'),
    (2, 2, 'priority one, opened last', 'open', 1, '2025-01-02T00:00:00Z'),
    (3, 1, 'closed, must not show', 'closed', 1, '2025-01-03T00:00:00Z');
