-- Last month's tickets with the people taken out.
INSERT INTO customers VALUES
    (80117, 'Customer 80117', 'c80117@staging.example.com', 'team'),
    (80121, 'Customer 80121', 'c80121@staging.example.com', 'business');
INSERT INTO tickets VALUES
    (9001, 80117, 'Invoice shows the wrong VAT id', 'open', 3, '2025-09-03T08:12:00Z'),
    (9002, 80121, 'SSO login loops after logout', 'open', 1, '2025-09-04T16:40:00Z'),
    (9003, 80117, 'Export to CSV is empty', 'waiting', 2, '2025-09-05T10:05:00Z');
