-- title: Mails in the active queue
-- question: How many mails were in the active queue at the same moment, at most, each local day?
-- tables: queue, deliveries, days
-- parameters: none
-- caveats: A mail is active from a "queue active" line to its last line before the next one, or before the end of the log. Most stamps are
--   whole seconds: mails that come and go within one second count as there at the same moment, so the number is rather too high.
WITH lines AS (
    SELECT message, position, ts, (event = 'active')::INT AS entered FROM queue
    WHERE event IN ('active', 'removed') AND message IS NOT NULL AND ts IS NOT NULL
    UNION ALL
    SELECT message, position, ts, 0 FROM deliveries WHERE message IS NOT NULL AND ts IS NOT NULL
), numbered AS (
    SELECT message, ts, sum(entered) OVER (PARTITION BY message ORDER BY position) AS activation FROM lines
), stays AS (
    SELECT min(ts) AS since, CASE WHEN count(*) > 1 THEN max(ts) END AS until FROM numbered WHERE activation > 0 GROUP BY message, activation
), steps AS (
    SELECT ts, sum(came) AS came, sum(went) AS went
    FROM (SELECT since AS ts, 1 AS came, 0 AS went FROM stays UNION ALL SELECT until, 0, 1 FROM stays WHERE until IS NOT NULL)
    GROUP BY ts
), levels AS (
    SELECT ts, sum(came) OVER (ORDER BY ts) - coalesce(sum(went) OVER (ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS active FROM steps
), hours AS (
    SELECT time_bucket(INTERVAL 15 MINUTES, ts) AS ts, max(active) AS active FROM levels GROUP BY 1
)
SELECT d.day, max(h.active)::BIGINT AS most
FROM days d JOIN hours h ON h.ts >= d."begin" AND h.ts < d."end"
GROUP BY 1
ORDER BY 1
