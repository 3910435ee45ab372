-- title: Sessions at the same moment, step by step
-- question: How many smtpd processes of each service were busy from one line to the next?
-- tables: session_facts
-- parameters: $last last time stamp of the log
-- caveats: Kept as table `session_levels` for the questions on levels. One smtpd process serves one session at a time.
--   Order is that of the lines, never of the stamps. A session without an end in the log counts at its connect only, unless its process
--   connects no more and it began within an hour of the end of the log: then it is open. Sessions before their connect line
--   (reverse lookup, TLS wrapper) occupy a process too and are not seen: the truth is a little higher.
--   Services that share a syslog tag, such as a re-injection listener without -o syslog_name, are counted as one.
WITH last_of_process AS (
    SELECT max(session) AS session FROM session_facts GROUP BY hash(host, instance, service, pid)
), still_open AS (
    SELECT session FROM session_facts SEMI JOIN last_of_process USING (session)
    WHERE ended IS NULL AND connect_ts > $last::TIMESTAMP - INTERVAL 1 HOUR
), known AS (
    SELECT hash(host, instance, service) AS number, session, ended, connect_ts, end_ts, end_position FROM session_facts
), steps AS ( -- numbers instead of texts and one sort key: the window over them is the costly part
    SELECT number, 2 * session AS line, coalesce(connect_ts, end_ts) AS ts, 1 AS step FROM known
    UNION ALL
    SELECT number, 1 + 2 * CASE WHEN ended IS NULL THEN session ELSE end_position END,
           CASE WHEN ended IS NULL THEN connect_ts ELSE coalesce(end_ts, connect_ts) END, -1
    FROM known ANTI JOIN still_open USING (session)
)
SELECT number, ts, sum(step) OVER line_order AS level, lead(ts) OVER line_order AS until
FROM steps
WINDOW line_order AS (PARTITION BY number ORDER BY line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
