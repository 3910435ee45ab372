-- Message facts: what reports need of each life of a queue file, and of each mail that a before-queue filter took; the relation
-- messages adds what only people ask for.
-- Tables: queue, decisions, deliveries. Relations: session_facts.
-- Caveats: accepted says that Postfix took responsibility: the mail became active, was held or discarded, or the
-- before-queue filter accepted it. A held or discarded mail leaves no line of its end (a discarded one not even
-- its Message-ID): it counts as accepted when neither a reject nor the loss of the connection in DATA followed and
-- the session finished more DATA commands than its other mails account for.
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
),
joined AS (
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
),
logins AS (
    -- login names of the sessions whose mail a before-queue filter took
    SELECT session, coalesce(max(name) FILTER (WHERE client), max(name)) AS sasl_username
    FROM (SELECT session, sasl_username AS name, true AS client FROM queue WHERE event = 'client' AND sasl_username IS NOT NULL
          UNION ALL
          SELECT session, sasl_username, false FROM decisions WHERE daemon = 'smtpd' AND sasl_username IS NOT NULL)
    SEMI JOIN (FROM joined WHERE proxied) USING (session) GROUP BY session
),
finished AS (
    -- what a session's other mails leave of its finished DATA commands (null: the log has no counters)
    SELECT j.session, any_value(e.data_ok) - count(*) FILTER (WHERE j.active) AS left_over
    FROM joined j JOIN session_facts e USING (session) WHERE j.via = 'smtpd' GROUP BY j.session
),
cut AS (
    SELECT m.message FROM joined m JOIN session_facts e USING (session)
    WHERE e.lost IS NOT NULL AND e.lost_after IN ('DATA', 'BDAT', 'END-OF-MESSAGE')
      AND m.message = (SELECT max(n.message) FROM joined n WHERE n.session = m.session)
)
SELECT m.message, m.session, m.first_ts,
       coalesce(p.client_name, m.client_name) AS client_name, coalesce(p.client_addr, m.client_addr) AS client_addr,
       coalesce(m.sasl_username, p.sasl_username) AS sasl_username, m.sender, m.size, m.nrcpt, m.via,
       (m.active OR m.proxied OR taken) AS accepted,
       CASE WHEN m.active AND NOT m.proxied THEN 'active' WHEN m.proxied THEN 'proxy'
            WHEN taken AND m.held THEN 'held' WHEN taken THEN 'discarded' END AS accepted_as,
       m.active_ts, m.removed_ts, m.expired, m.held, m.discarded, m.refused, m.predecessor,
       m.predecessor IS NOT NULL AS reinjected,
       (m.via = 'smtpd' AND NOT (m.active OR m.proxied OR taken) AND NOT m.refused) AS aborted
FROM (
    SELECT j.*, ((j.held OR j.discarded) AND NOT j.refused AND c.message IS NULL AND coalesce(f.left_over > 0, true)) AS taken
    FROM joined j LEFT JOIN cut c USING (message) LEFT JOIN finished f ON f.session = j.session
) m
LEFT JOIN (FROM session_facts LEFT JOIN logins USING (session)) p ON m.proxied AND p.session = m.session
