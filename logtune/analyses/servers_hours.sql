-- title: Sessions by host and hour
-- question: How many sessions did the outside world bring to each host in each hour?
-- tables: server_sessions
-- parameters: $begin, $until (UTC; the time that the logs of all hosts cover)
-- caveats: Clock hours of UTC. Sessions of hosts of this log with each other, and of submission, are left out.
SELECT host, time_bucket(INTERVAL 1 HOUR, ts) AS hour, count(*) AS sessions
FROM server_sessions
WHERE mx AND NOT fellow AND ts BETWEEN $begin::TIMESTAMP AND $until::TIMESTAMP
GROUP BY ALL
ORDER BY 2, 1
