DO $refund$
DECLARE
    mask integer := (1<<3)|(1<<5);
    host inet := '10.0.0.0/8';
BEGIN
    IF inet '10.1.2.3' << host THEN
        RAISE NOTICE 'inside %', host;
    END IF;
    UPDATE "<< environment.variables.DB_SCHEMA >>".orders
       SET flags = flags | mask, refunded_at = now()
     WHERE id = 4711 AND (flags & mask) = 0;
END
$refund$ LANGUAGE plpgsql;
