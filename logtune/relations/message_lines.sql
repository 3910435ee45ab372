-- Message lines: what the lines of each message say of it (used by message_facts, no relation of its own).
-- Tables: queue, decisions, deliveries. One row per message; apart, for it needs nothing but the tables and is made while
-- the sessions are.
WITH steps AS (
    SELECT message,
           min(ts) AS first_ts,
           min(session) FILTER (WHERE event = 'client') AS session,
           arg_min(client_name, position) FILTER (WHERE event = 'client') AS client_name,
           arg_min(client_addr, position) FILTER (WHERE event = 'client') AS client_addr,
           max(sasl_username) AS sasl_username,
           arg_min(sender, position) FILTER (WHERE sender IS NOT NULL) AS sender,
           max(size) AS size, max(nrcpt) AS nrcpt,
           min(ts) FILTER (WHERE event = 'active') AS active_ts,
           max(ts) FILTER (WHERE event = 'removed') AS removed_ts,
           bool_or(event = 'client') AS by_client, bool_or(event = 'pickup') AS by_pickup,
           bool_or(event = 'active') AS active, bool_or(event = 'expired') AS expired
    FROM queue WHERE message IS NOT NULL GROUP BY message
),
judged AS (
    SELECT message,
           min(ts) AS first_ts,
           arg_min(sender, position) FILTER (WHERE sender IS NOT NULL) AS sender,
           min(session) FILTER (WHERE origin = 'proxy' AND action = 'accept') AS proxy_session,
           bool_or(origin = 'proxy' AND action = 'accept') AS proxied,
           bool_or(action = 'hold') AS held, bool_or(action = 'discard') AS discarded,
           bool_or(action IN ('reject', 'hangup') AND (protocol_state IS NULL OR protocol_state NOT IN ('MAIL', 'RCPT'))) AS refused
    FROM decisions WHERE message IS NOT NULL GROUP BY message
),
sent AS (
    SELECT message, min(ts) AS first_ts FROM deliveries WHERE message IS NOT NULL GROUP BY message
),
injected AS (
    SELECT successor AS message, min(message) AS predecessor FROM deliveries
    WHERE successor IS NOT NULL GROUP BY successor
)
SELECT message,
       coalesce(j.proxy_session, s.session) AS session,
       coalesce(s.first_ts, j.first_ts, d.first_ts) AS first_ts,
       s.client_name, s.client_addr, s.sasl_username,
       coalesce(s.sender, j.sender) AS sender, s.size, s.nrcpt,
       CASE WHEN s.by_client THEN 'smtpd' WHEN s.by_pickup THEN 'pickup' WHEN s.message IS NULL THEN NULL ELSE 'internal' END AS via,
       s.active_ts, s.removed_ts, coalesce(s.expired, false) AS expired,
       coalesce(s.active, false) OR d.message IS NOT NULL AS active,
       coalesce(j.held, false) AS held, coalesce(j.discarded, false) AS discarded,
       coalesce(j.proxied, false) AS proxied, coalesce(j.refused, false) AS refused,
       i.predecessor
FROM steps s FULL JOIN judged j USING (message) FULL JOIN sent d USING (message) LEFT JOIN injected i USING (message)
