-- title: Minutes in which unrelated names failed
-- question: In which minutes did lookups of many unrelated names fail for now?
-- tables: failed_deliveries, warnings
-- parameters: $names fewest different domains in a minute
-- caveats: Only failures without an answer ("try again", "Temporary failure"). Unrelated: by the last two labels of the name, which
--   takes all of co.uk for one; block lists are left out, because one list that is down fails for every client.
WITH failed AS (
    SELECT ts, regexp_extract(reason, 'name=(\S+)', 1) AS name FROM failed_deliveries
    WHERE reason LIKE '%Name service error%try again%'
    UNION ALL
    SELECT ts, coalesce(nullif(regexp_extract(text, 'name=(\S+)', 1), ''), regexp_extract(text, '^hostname (\S+)', 1)) FROM warnings
    WHERE (text LIKE '%Name service error%try again%' OR text LIKE 'hostname % Temporary failure%')
      AND text NOT LIKE '%RBL lookup error%' AND text NOT LIKE 'dnsblog_query%'
), minutes AS (
    SELECT date_trunc('minute', ts) AS minute, count(*) AS lines,
           count(DISTINCT regexp_extract(lower(name), '([^.]+\.[^.]+)\.?$', 1)) AS domains
    FROM failed WHERE ts IS NOT NULL AND name <> ''
    GROUP BY 1
)
SELECT minute, lines, domains FROM minutes
WHERE domains >= $names
ORDER BY minute
