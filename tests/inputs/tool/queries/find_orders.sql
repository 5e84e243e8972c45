-- Orders of one customer, newest first.
SELECT o.id,
       o.state,
       o.cents::bigint              AS cents,
       (o.flags >> 2) & 1           AS paid,
       1 << o.priority              AS priority_bit,
       o.placed_at::date            AS day
  FROM "<< environment.variables.DB_SCHEMA >>".orders o
 WHERE o.customer = << params.customer >>
   AND o.placed_at >= << params.since | default("2020-01-01") >>
   AND o.tags <@ ARRAY['a','b']::text[]
   AND o.span << '[2024-01-01,2024-02-01)'::daterange   -- strictly left of
 ORDER BY o.placed_at DESC
 LIMIT << environment.variables.MAX_ROWS >>;
