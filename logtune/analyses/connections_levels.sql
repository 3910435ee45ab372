-- title: Sessions at the same moment
-- question: For how long were how many smtpd processes of each service busy, on which local day?
-- tables: session_levels, session_facts, days
-- parameters: none
-- caveats: as Sessions at the same moment, step by step. A span counts for the day on which it begins; spans without readable
--   stamps have a level and no length.
WITH services AS (
    SELECT *, hash(host, instance, service) AS number FROM (SELECT DISTINCT host, instance, service FROM session_facts)
), quarters AS (
    SELECT number, level, time_bucket(INTERVAL 15 MINUTES, ts) AS quarter,
           coalesce(sum(greatest(0, epoch_us(until) - epoch_us(ts))), 0) AS microseconds
    FROM session_levels
    GROUP BY ALL
)
SELECT host, instance, service, days.day, level::INTEGER AS level, (sum(microseconds) / 1e6)::DOUBLE AS seconds
FROM quarters
JOIN services USING (number)
LEFT JOIN days ON quarter >= days."begin" AND quarter < days."end"
GROUP BY ALL
ORDER BY 1, 2, 3, 4, 5
