-- title: Sessions at the same moment, by host and minute
-- question: How many sessions did each host have at the same moment, at most, in each minute?
-- tables: server_sessions
-- parameters: none
-- caveats: Kept as table server_minutes. Order is that of the lines of a host. A session without an end counts at its begin only. Minutes
--   in which no host has a step of a session are left out: nothing changes in them.
WITH steps AS (
    SELECT host, 2 * session AS line, ts, 1 AS step FROM server_sessions WHERE mx
    UNION ALL
    SELECT host, 1 + 2 * CASE WHEN ended IS NULL THEN session ELSE end_position END, CASE WHEN ended IS NULL THEN ts ELSE coalesce(end_ts, ts) END, -1
    FROM server_sessions WHERE mx
), levels AS (
    SELECT host, line, time_bucket(INTERVAL 1 MINUTE, ts) AS minute, sum(step) OVER (PARTITION BY host ORDER BY line) AS level FROM steps
), minutes AS (
    SELECT host, minute, max(level) AS peak, arg_max(level, line) AS left_over FROM levels WHERE minute IS NOT NULL GROUP BY ALL
), grid AS (
    SELECT host, minute FROM (SELECT DISTINCT host FROM minutes), (SELECT DISTINCT minute FROM minutes)
)
SELECT host, minute,
       greatest(coalesce(peak, 0), coalesce(last_value(left_over IGNORE NULLS) OVER (
           PARTITION BY host ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))::INTEGER AS peak
FROM grid LEFT JOIN minutes USING (host, minute)
