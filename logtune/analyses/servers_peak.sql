-- title: Peak of the others in a span of time
-- question: How many sessions did the other hosts have at the same moment while one was away?
-- tables: server_minutes
-- parameters: $host that was away, $begin, $until (UTC)
-- caveats: By the minute.
SELECT host, max(peak) AS peak
FROM server_minutes
WHERE host <> $host AND minute BETWEEN $begin::TIMESTAMP AND $until::TIMESTAMP
GROUP BY 1
ORDER BY peak DESC, 1
