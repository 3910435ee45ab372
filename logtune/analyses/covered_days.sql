-- title: Days that the log covers
-- question: On which local days does the log have a line of Postfix at all?
-- tables: connections, queue, decisions, deliveries, days
-- parameters: none
-- caveats: Days are told from the common tables only, not from notices; a day with nothing but notices counts as missing.
--   Time is cut to quarter hours before the join with days (all zones in use have offsets of whole quarters).
WITH quarters AS (
    SELECT time_bucket(INTERVAL 15 MINUTES, ts) AS quarter FROM connections
    UNION
    SELECT time_bucket(INTERVAL 15 MINUTES, ts) FROM queue
    UNION
    SELECT time_bucket(INTERVAL 15 MINUTES, ts) FROM decisions
    UNION
    SELECT time_bucket(INTERVAL 15 MINUTES, ts) FROM deliveries
)
SELECT DISTINCT days.day
FROM quarters
JOIN days ON quarter >= days."begin" AND quarter < days."end"
ORDER BY 1
