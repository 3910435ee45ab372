-- title: Deliveries at the same moment
-- question: For how long were how many delivery processes of each transport busy, on which local day?
-- tables: attempts, deliveries, days
-- parameters: none
-- caveats: A delivery occupies its process for the stages c and d before its line. A transaction with several recipients counts once
--   (attempts.leads). A process delivers one mail at a time: a delivery begins no earlier than its process ended the one before,
--   which bounds the error of stamps in whole seconds. Delays are logged with two digits.
--   Transports that share a syslog tag (smtp and relay without -o syslog_name) are counted as one; of pipe(8) the relay is the transport.
--   A span counts for the day on which it begins.
WITH busy AS (
    SELECT host, instance, service, daemon, CASE WHEN daemon = 'pipe' THEN relay END AS pipe, pid, position, d.ts, a.c + a.d AS seconds
    FROM deliveries d JOIN (SELECT position, c, d FROM attempts WHERE leads) a USING (position)
    WHERE d.ts IS NOT NULL AND daemon NOT IN ('error', 'discard') -- these hand nothing on
), numbered AS (
    SELECT hash(host, instance, service, daemon, pipe) AS number, position, pid, ts, coalesce(seconds, 0) AS seconds FROM busy
), transports AS (
    SELECT DISTINCT host, instance, service, daemon, pipe, hash(host, instance, service, daemon, pipe) AS number FROM busy
), spans AS (
    SELECT number, ts AS ended,
           least(ts, greatest(ts - to_microseconds((seconds * 1e6)::BIGINT), lag(ts) OVER (PARTITION BY number, pid ORDER BY position))) AS begun
    FROM numbered
), steps AS ( -- what ends at a moment ends before what begins then; a delivery without length is none to count
    SELECT number, begun AS ts, 1 AS step FROM spans WHERE begun < ended
    UNION ALL
    SELECT number, ended, -1 FROM spans WHERE begun < ended
    UNION ALL
    SELECT number, ended, 0 FROM spans WHERE begun >= ended
), moments AS (
    SELECT number, ts, sum(step) AS step, bool_or(step = 0) AS instant FROM steps GROUP BY ALL
), levels AS (
    SELECT number, ts, instant, sum(step) OVER (PARTITION BY number ORDER BY ts) AS level, lead(ts) OVER (PARTITION BY number ORDER BY ts) AS until
    FROM moments
), quarters AS (
    SELECT number, level::INTEGER AS level, time_bucket(INTERVAL 15 MINUTES, ts) AS quarter, bool_or(instant) AS instant,
           coalesce(sum(epoch_us(until) - epoch_us(ts)), 0) AS microseconds
    FROM levels
    GROUP BY ALL
)
SELECT host, instance, service, daemon, pipe, days.day, level, (sum(microseconds) / 1e6)::DOUBLE AS seconds, bool_or(instant) AS instant
FROM quarters
JOIN transports USING (number)
LEFT JOIN days ON quarter >= days."begin" AND quarter < days."end"
GROUP BY ALL
ORDER BY ALL
