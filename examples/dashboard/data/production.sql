-- What the support team sees.
INSERT INTO customers VALUES
    (4211, 'Brightwater Coffee', 'ops@brightwater.example', 'business'),
    (4378, 'Atelier Lindqvist', 'hej@lindqvist.example', 'team'),
    (5102, 'Kaya Logistics', 'it@kaya.example', 'business');
INSERT INTO tickets VALUES
    (70311, 4378, 'Cannot change the billing address', 'open', 3, '2025-10-06T07:55:00Z'),
    (70318, 4211, 'Card charged twice for October', 'open', 1, '2025-10-06T09:31:00Z'),
    (70322, 5102, 'Webhook signature fails since Monday', 'open', 2, '2025-10-06T11:02:00Z'),
    (70340, 4211, 'How do I add a second admin?', 'waiting', 4, '2025-10-07T13:20:00Z');
