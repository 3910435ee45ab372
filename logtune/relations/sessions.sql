-- Sessions: one row per smtpd session, from connect to disconnect (docs/relations.md).
-- Tables: connections, queue, decisions. Relations: session_facts. A view: no report needs the texts that are looked up here.
SELECT s.session, s.host, s.instance, s.service, s.pid, s.client_name, s.client_addr, s.connect_ts, s.end_ts, s.end_position,
       s.ended, s.lost, s.lost_after, t.counters,
       s.greetings, s.starttls, s.quit, s.mail, s.rcpt, s.data, s.data_ok, t.sasl_username, t.helo
FROM session_facts s
LEFT JOIN (
    SELECT session, max(counters) AS counters, coalesce(max(login), max(sasl_username)) AS sasl_username, arg_max(helo, position) AS helo
    FROM (
        SELECT session, counters FROM connections
        UNION ALL BY NAME
        SELECT session, position, helo, sasl_username FROM decisions WHERE daemon = 'smtpd'
        UNION ALL BY NAME
        SELECT session, sasl_username AS login FROM queue WHERE event = 'client'
    )
    WHERE session IS NOT NULL GROUP BY session
) t ON t.session = s.session
