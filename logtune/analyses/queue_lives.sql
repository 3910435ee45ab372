-- title: Mails in the queue
-- question: When did each mail arrive, enter and leave the active queue, begin to wait, and end?
-- tables: queue, deliveries, notices
-- parameters: $begin first time stamp of the log
-- caveats: Kept as table `queue_lives` for the queue view. One row per mail that became active or was tried. A mail that was tried before
--   the log begins arrived by delay= of its first line. It waits from its first deferral to the end, retries included, for these take
--   seconds. A mail that postsuper deleted has no line of qmgr: deletions are taken from postsuper's own line, where it names the queue id.
WITH steps AS (
    SELECT message, count(*) FILTER (WHERE event = 'active') AS entered, min(ts) FILTER (WHERE event = 'active') AS active,
           max(position) FILTER (WHERE event = 'active') AS last_active, max(ts) FILTER (WHERE event IN ('removed', 'expired')) AS ended,
           min(position) AS position
    FROM queue WHERE message IS NOT NULL AND event IN ('active', 'removed', 'expired')
    GROUP BY 1
), tries AS (
    SELECT message, min(ts) FILTER (WHERE status IN ('deferred', 'softbounce')) AS deferred,
           max(position) FILTER (WHERE status IN ('deferred', 'softbounce')) AS last_deferred,
           min(ts - to_milliseconds((coalesce(delay, 0) * 1000)::BIGINT)) AS arrived, min(position) AS position,
           max(ts) FILTER (WHERE status NOT IN ('deferred', 'softbounce')) AS delivered
    FROM deliveries WHERE message IS NOT NULL AND status NOT IN ('deliverable', 'undeliverable')
    GROUP BY 1
), deleted AS (
    SELECT message, max(ts) AS ts FROM notices
    WHERE kind = 'postsuper' AND message IS NOT NULL AND (text = 'removed' OR text LIKE 'removed%') GROUP BY 1
)
SELECT message, coalesce(s.entered, 0) AS entered, least(s.position, t.position) AS position,
       coalesce(least(t.arrived, s.active), s.active) AS arrived, s.active,
       CASE WHEN t.deferred IS NOT NULL THEN greatest(t.deferred, $begin::TIMESTAMP) END AS deferred,
       coalesce(s.ended, d.ts) AS ended,
       CASE WHEN coalesce(s.ended, d.ts) IS NOT NULL THEN 'gone'
            WHEN t.deferred IS NULL THEN CASE WHEN t.delivered IS NULL THEN 'active' ELSE 'unknown' END
            WHEN s.last_active > t.last_deferred THEN 'active' ELSE 'waiting' END AS state
FROM steps s FULL JOIN tries t USING (message) LEFT JOIN deleted d USING (message)
