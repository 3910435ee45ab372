-- Session facts: what reports need of each smtpd session; the relation sessions adds what only people ask for.
-- Tables: connections, queue, decisions. One row per session, from connect to disconnect.
-- Caveats: connect_ts is a little later than the real start (the client's reverse lookup comes first) and null
-- where the log begins inside the session; the client is what the last line says (XCLIENT). Counters are what
-- smtpd counted (tried, accepted or not) and null where the disconnect line is missing or older than Postfix 3.0.
-- Host, instance, service and process id are the same on all lines of a session, and a session has one disconnect line at
-- most: nearly all is read from that line, for copying texts is what takes time.
WITH finished AS (
    SELECT session, position, ts, event, host, instance, service, pid, client_name, client_addr, counters
    FROM connections WHERE event = 'disconnect' AND session IS NOT NULL
),
begun AS (
    SELECT session, ts FROM connections WHERE event = 'connect' AND session IS NOT NULL
),
broken AS (
    SELECT session, arg_max(event, position) AS lost, arg_max(after, position) AS lost_after
    FROM connections WHERE event IN ('lost_connection', 'timeout', 'too_many_errors') AND session IS NOT NULL GROUP BY session
),
later AS (
    SELECT session, position, client_name, client_addr, hash(client_name, client_addr) AS client, host, instance, service, pid
    FROM decisions WHERE session IS NOT NULL AND daemon = 'smtpd'
    UNION ALL
    SELECT session, position, client_name, client_addr, hash(client_name, client_addr), host, instance, service, pid
    FROM queue WHERE session IS NOT NULL AND event = 'client'
),
unusual AS (
    -- sessions of several clients (XCLIENT), or without their disconnect line
    SELECT session FROM later ANTI JOIN (SELECT session, hash(client_name, client_addr) AS client FROM finished) USING (session, client)
    UNION
    SELECT session FROM connections ANTI JOIN finished USING (session) WHERE session IS NOT NULL
),
events AS (
    SELECT session, any_value(host) AS host, any_value(instance) AS instance, any_value(service) AS service, any_value(pid) AS pid,
           arg_max(client_name, position) AS client_name, arg_max(client_addr, position) AS client_addr, max(position) AS end_position
    FROM connections SEMI JOIN unusual USING (session) GROUP BY session
),
judged AS (
    SELECT session, any_value(host) AS host, any_value(instance) AS instance, any_value(service) AS service, any_value(pid) AS pid,
           arg_max(client_name, position) AS client_name, arg_max(client_addr, position) AS client_addr, max(position) AS end_position
    FROM decisions SEMI JOIN unusual USING (session) WHERE daemon = 'smtpd' GROUP BY session
),
mails AS (
    SELECT session, any_value(host) AS host, any_value(instance) AS instance, any_value(service) AS service, any_value(pid) AS pid,
           arg_max(client_name, position) AS client_name, arg_max(client_addr, position) AS client_addr, max(position) AS end_position
    FROM queue SEMI JOIN unusual USING (session) WHERE event = 'client' GROUP BY session
),
known AS (
    SELECT session, host, instance, service, pid, client_name, client_addr, ts AS end_ts, position AS end_position, event AS ended, counters
    FROM finished ANTI JOIN unusual USING (session)
    UNION ALL BY NAME
    SELECT session,
           coalesce(e.host, j.host, m.host) AS host, coalesce(e.instance, j.instance, m.instance) AS instance,
           coalesce(e.service, j.service, m.service) AS service, coalesce(e.pid, j.pid, m.pid) AS pid,
           coalesce(j.client_name, m.client_name, e.client_name) AS client_name,
           coalesce(j.client_addr, m.client_addr, e.client_addr) AS client_addr,
           f.ts AS end_ts, greatest(e.end_position, j.end_position, m.end_position) AS end_position, f.event AS ended, f.counters
    FROM events e FULL JOIN judged j USING (session) FULL JOIN mails m USING (session) LEFT JOIN finished f USING (session)
),
counted AS (
    -- a busy server has a few hundred different counters: read each once. A damaged line may count more than fits
    SELECT counters, tried(counters, 'helo') AS helos, total(helos, tried(counters, 'ehlo')) AS greetings,
           tried(counters, 'starttls') AS starttls, tried(counters, 'quit') AS quit, tried(counters, 'rset') AS rset,
           tried(counters, 'mail') AS mail, tried(counters, 'rcpt') AS rcpt, done(counters, 'rcpt') AS rcpt_ok,
           total(tried(counters, 'data'), tried(counters, 'bdat')) AS data,
           total(done(counters, 'data'), done(counters, 'bdat')) AS data_ok
    FROM (SELECT DISTINCT counters FROM connections WHERE counters IS NOT NULL)
)
SELECT k.session, k.host, k.instance, k.service, k.pid, k.client_name, k.client_addr, b.ts AS connect_ts, k.end_ts, k.end_position,
       k.ended, l.lost, l.lost_after,
       n.helos, n.greetings, n.starttls, n.quit, n.rset, n.mail, n.rcpt, n.rcpt_ok, n.data, n.data_ok
FROM known k LEFT JOIN begun b USING (session) LEFT JOIN broken l USING (session) LEFT JOIN counted n USING (counters)
