-- title: Failed logins by day
-- question: On which local days did logins fail?
-- tables: failures, days
-- parameters: none
-- caveats: Lines, one per failed or aborted attempt.
WITH quarters AS (
    SELECT time_bucket(INTERVAL 15 MINUTES, ts) AS quarter, sum(coalesce(repeat, 1)) AS failures FROM failures GROUP BY 1
)
SELECT 'failures' AS name, days."day", sum(failures)::BIGINT AS failures
FROM quarters JOIN days ON quarter >= days."begin" AND quarter < days."end"
GROUP BY ALL
ORDER BY 2
