-- title: Process limits that delivery agents reached
-- question: Of which transports did master say that they reached their process limit?
-- tables: notices
-- parameters: none
-- caveats: Services behind a socket of the queue (private/...), which are the transports; at most one line per 1,000 s and service.
SELECT endpoint, max(value)::BIGINT AS "limit", count(*) AS lines
FROM notices
WHERE kind = 'process_limit' AND text LIKE '%(private/%'
GROUP BY 1
ORDER BY 1
