-- title: The queue by day
-- question: How many mails entered and left the active queue each local day, and how many were waiting, at most and at its end?
-- tables: queue_lives, queue, deliveries, days
-- parameters: none
-- caveats: as Mails in the queue. Entered: "queue active" lines, retries too. Left: "removed" lines. Waiting: mails with a deferral behind
--   them and no end yet; those deferred before the log begins count from their first try in it.
WITH changes AS (
    SELECT deferred AS ts, 1 AS change FROM queue_lives WHERE deferred IS NOT NULL AND (ended IS NULL OR ended > deferred)
    UNION ALL
    SELECT ended, -1 FROM queue_lives WHERE deferred IS NOT NULL AND ended > deferred
), levels AS (
    SELECT ts, sum(sum(change)) OVER (ORDER BY ts) AS waiting FROM changes GROUP BY ts
), per_day AS (
    SELECT d.day, max(l.waiting) AS most, arg_max(l.waiting, l.ts) AS last
    FROM days d JOIN levels l ON l.ts >= d."begin" AND l.ts < d."end" GROUP BY 1
), moves AS (
    SELECT d.day, sum(active) AS entered, sum(removed) AS removed
    FROM (SELECT time_bucket(INTERVAL 15 MINUTES, ts) AS ts, count(*) FILTER (WHERE event = 'active') AS active, count(*) FILTER (WHERE event = 'removed') AS removed
          FROM queue WHERE event IN ('active', 'removed') GROUP BY 1) q
    JOIN days d ON q.ts >= d."begin" AND q.ts < d."end" GROUP BY 1
), tried AS (
    SELECT d.day, count(*) AS deferred
    FROM (SELECT deferred AS ts FROM queue_lives WHERE deferred IS NOT NULL) q JOIN days d ON q.ts >= d."begin" AND q.ts < d."end" GROUP BY 1
), filled AS (
    SELECT d.day, coalesce(m.entered, 0) AS entered, coalesce(m.removed, 0) AS removed, coalesce(t.deferred, 0) AS deferred, p.most,
           coalesce(last_value(p.last IGNORE NULLS) OVER (ORDER BY d.day), 0) AS waiting
    FROM days d LEFT JOIN moves m USING (day) LEFT JOIN per_day p USING (day) LEFT JOIN tried t USING (day)
)
SELECT day, entered::BIGINT AS entered, removed::BIGINT AS removed, deferred::BIGINT AS deferred,
       greatest(coalesce(most, 0), coalesce(lag(waiting) OVER (ORDER BY day), 0))::BIGINT AS most, waiting::BIGINT AS waiting
FROM filled
ORDER BY day
