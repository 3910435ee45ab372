-- title: Sessions at a backup while the first host was up
-- question: Which clients came to a backup MX though a host before it in the order took sessions at that time?
-- tables: server_sessions, recipient_facts
-- parameters: $backup host, $before (list of the hosts before it in the MX order), $begin, $until (UTC; the time that all logs cover)
-- caveats: Up: a host before it took a session in the same five minutes. tried: the client had a session at one of them in the hour
--   before, so it may have fallen back as it should (a 4xx answer, no free process). Others went to the backup at once, as many
--   spam programs do; a network that reaches the backup only does too.
WITH up AS (
    SELECT DISTINCT time_bucket(INTERVAL 5 MINUTES, ts) AS slot FROM server_sessions
    WHERE mx AND list_contains($before::VARCHAR[], host)
), came AS (
    SELECT session, ts, client_addr, time_bucket(INTERVAL 5 MINUTES, ts) IN (FROM up) AS up
    FROM server_sessions
    WHERE mx AND NOT fellow AND host = $backup AND ts BETWEEN $begin::TIMESTAMP AND $until::TIMESTAMP
), tried AS (
    SELECT DISTINCT c.session
    FROM came c JOIN server_sessions f ON f.client_addr = c.client_addr AND f.ts BETWEEN c.ts - INTERVAL 1 HOUR AND c.ts
    WHERE list_contains($before::VARCHAR[], f.host)
), asked AS (
    SELECT session, count(*) FILTER (WHERE outcome = 'accepted') AS accepted, count(*) FILTER (WHERE outcome = 'rejected') AS rejected
    FROM recipient_facts GROUP BY session
)
SELECT CASE WHEN NOT up THEN 'down' WHEN tried.session IS NOT NULL THEN 'tried' ELSE 'at once' END AS how,
       count(*) AS sessions, count(DISTINCT client_addr) AS clients,
       coalesce(sum(accepted), 0)::BIGINT AS accepted, coalesce(sum(rejected), 0)::BIGINT AS rejected
FROM came LEFT JOIN tried USING (session) LEFT JOIN asked USING (session)
GROUP BY 1
ORDER BY sessions DESC, 1
