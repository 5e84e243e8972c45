-- The CRM that the dashboard reads, the same in every environment.
CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    plan TEXT NOT NULL CHECK (plan IN ('free', 'team', 'business'))
) STRICT;
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    subject TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'waiting', 'closed')),
    priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 4),
    opened TEXT NOT NULL
) STRICT;
CREATE INDEX tickets_open ON tickets (status, opened);
