-- title: Days with a session
-- question: On which local days did a session begin?
-- tables: session_facts, days
-- parameters: none
-- caveats: Asked before Days that the log covers, which reads all lines: on a server that is in use every day has one.
--   Time is cut to quarter hours before the join with days (all zones in use have offsets of whole quarters).
WITH quarters AS (
    SELECT DISTINCT time_bucket(INTERVAL 15 MINUTES, connect_ts) AS quarter FROM session_facts
)
SELECT DISTINCT days.day
FROM quarters
JOIN days ON quarter >= days."begin" AND quarter < days."end"
