-- title: Process limits that master reported
-- question: Which services reached their process limit, how often and since when?
-- tables: notices
-- parameters: none
-- caveats: master says it at most once per 1,000 s and service, and never for a service that listens on loopback only:
--   count episodes, not moments. The latest line gives the limit.
SELECT host, instance, endpoint, arg_max(value, position) AS "limit",
       count(*) AS lines, min(ts) AS first, max(ts) AS last
FROM notices
WHERE kind = 'process_limit' AND value IS NOT NULL
GROUP BY ALL
ORDER BY lines DESC, 1, 2, 3
