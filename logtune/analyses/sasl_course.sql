-- title: Failed logins by day
-- question: On which local days did logins fail?
-- tables: notices, days
-- parameters: none
-- caveats: Lines, one per failed or aborted attempt.
WITH failures AS (
    SELECT ts, position, client_name, client_addr, service, repeat,
           upper(regexp_extract(text, 'SASL (\S+) authentication', 1)) AS mechanism,
           nullif(regexp_extract(text, 'sasl_username=(.*)$', 1), '') AS username
    FROM notices
    WHERE kind = 'sasl_failure'
), quarters AS (
    SELECT time_bucket(INTERVAL 15 MINUTES, ts) AS quarter, sum(coalesce(repeat, 1)) AS failures FROM failures GROUP BY 1
)
SELECT 'failures' AS name, days."day", sum(failures)::BIGINT AS failures
FROM quarters JOIN days ON quarter >= days."begin" AND quarter < days."end"
GROUP BY ALL
ORDER BY 2
