-- Message facts: what reports need of each life of a queue file, and of each mail that a before-queue filter took; the relation
-- messages adds what only people ask for.
-- Tables: queue, decisions. Relations: session_facts, message_lines.
-- Caveats: accepted says that Postfix took responsibility: the mail became active, was held or discarded, or the
-- before-queue filter accepted it. A held or discarded mail leaves no line of its end (a discarded one not even
-- its Message-ID): it counts as accepted when neither a reject nor the loss of the connection in DATA followed and
-- the session finished more DATA commands than its other mails account for.
WITH logins AS (
    -- login names of the sessions whose mail a before-queue filter took
    SELECT session, coalesce(max(name) FILTER (WHERE client), max(name)) AS sasl_username
    FROM (SELECT session, sasl_username AS name, true AS client FROM queue WHERE event = 'client' AND sasl_username IS NOT NULL
          UNION ALL
          SELECT session, sasl_username, false FROM decisions WHERE daemon = 'smtpd' AND sasl_username IS NOT NULL)
    SEMI JOIN (FROM message_lines WHERE proxied) USING (session) GROUP BY session
),
finished AS (
    -- what a session's other mails leave of its finished DATA commands (null: the log has no counters)
    SELECT j.session, any_value(e.data_ok) - count(*) FILTER (WHERE j.active) AS left_over
    FROM message_lines j JOIN session_facts e USING (session) WHERE j.via = 'smtpd' GROUP BY j.session
),
cut AS (
    SELECT m.message FROM message_lines m JOIN session_facts e USING (session)
    WHERE e.lost IS NOT NULL AND e.lost_after IN ('DATA', 'BDAT', 'END-OF-MESSAGE')
      AND m.message = (SELECT max(n.message) FROM message_lines n WHERE n.session = m.session)
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
    FROM message_lines j LEFT JOIN cut c USING (message) LEFT JOIN finished f ON f.session = j.session
) m
LEFT JOIN (FROM session_facts LEFT JOIN logins USING (session)) p ON m.proxied AND p.session = m.session
