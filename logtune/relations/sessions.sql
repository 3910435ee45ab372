-- Sessions: one row per smtpd session, from connect to disconnect (docs/relations.md).
-- Tables: connections, queue, decisions.
-- Caveats: connect_ts is a little later than the real start (the client's reverse lookup comes first) and null
-- where the log begins inside the session; the client is what the last line says (XCLIENT). Counters are what
-- smtpd counted (tried, accepted or not) and null where the disconnect line is missing or older than Postfix 3.0.
WITH events AS (
    SELECT session,
           any_value(host)::VARCHAR AS host, any_value(instance)::VARCHAR AS instance,
           any_value(service)::VARCHAR AS service, any_value(pid) AS pid,
           arg_max(client_name, position) AS client_name, arg_max(client_addr, position) AS client_addr,
           min(ts) FILTER (WHERE event = 'connect') AS connect_ts,
           max(ts) FILTER (WHERE event = 'disconnect') AS end_ts,
           max(position) AS end_position,
           max(event::VARCHAR) FILTER (WHERE event = 'disconnect') AS ended,
           arg_max(event::VARCHAR, position) FILTER (WHERE event IN ('lost_connection', 'timeout', 'too_many_errors')) AS lost,
           arg_max(after::VARCHAR, position) FILTER (WHERE event IN ('lost_connection', 'timeout', 'too_many_errors')) AS lost_after,
           max(counters::VARCHAR) AS counters
    FROM connections WHERE session IS NOT NULL GROUP BY session
),
judged AS (
    SELECT session,
           any_value(host)::VARCHAR AS host, any_value(instance)::VARCHAR AS instance,
           any_value(service)::VARCHAR AS service, any_value(pid) AS pid,
           arg_max(client_name, position) AS client_name, arg_max(client_addr, position) AS client_addr,
           arg_max(helo, position) AS helo, max(sasl_username) AS sasl_username, max(position) AS end_position
    FROM decisions WHERE session IS NOT NULL AND daemon = 'smtpd' GROUP BY session
),
mails AS (
    SELECT session,
           any_value(host)::VARCHAR AS host, any_value(instance)::VARCHAR AS instance,
           any_value(service)::VARCHAR AS service, any_value(pid) AS pid,
           arg_max(client_name, position) AS client_name, arg_max(client_addr, position) AS client_addr,
           max(sasl_username) AS sasl_username, max(position) AS end_position
    FROM queue WHERE session IS NOT NULL AND event = 'client' GROUP BY session
),
counted AS (
    -- a busy server has a few hundred different counters: read each once
    SELECT counters, tried(counters, 'helo') + tried(counters, 'ehlo') AS greetings,
           tried(counters, 'starttls') AS starttls, tried(counters, 'quit') AS quit, tried(counters, 'rset') AS rset,
           tried(counters, 'mail') AS mail, tried(counters, 'rcpt') AS rcpt, done(counters, 'rcpt') AS rcpt_ok, tried(counters, 'data') + tried(counters, 'bdat') AS data,
           done(counters, 'data') + done(counters, 'bdat') AS data_ok
    FROM (SELECT DISTINCT counters::VARCHAR AS counters FROM connections WHERE counters IS NOT NULL)
)
SELECT session,
       coalesce(e.host, j.host, m.host) AS host, coalesce(e.instance, j.instance, m.instance) AS instance,
       coalesce(e.service, j.service, m.service) AS service, coalesce(e.pid, j.pid, m.pid) AS pid,
       coalesce(j.client_name, m.client_name, e.client_name) AS client_name,
       coalesce(j.client_addr, m.client_addr, e.client_addr) AS client_addr,
       e.connect_ts, e.end_ts,
       greatest(coalesce(e.end_position, 0), coalesce(j.end_position, 0), coalesce(m.end_position, 0)) AS end_position,
       e.ended, e.lost, e.lost_after, e.counters,
       k.greetings, k.starttls, k.quit, k.rset, k.mail, k.rcpt, k.rcpt_ok, k.data, k.data_ok,
       coalesce(m.sasl_username, j.sasl_username) AS sasl_username, j.helo
FROM events e FULL JOIN judged j USING (session) FULL JOIN mails m USING (session)
LEFT JOIN counted k ON k.counters = e.counters
