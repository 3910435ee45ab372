-- title: Time that the log of each host covers
-- question: From when to when does the log have lines of each host?
-- tables: connections, queue, decisions, deliveries
-- parameters: none
-- caveats: The logs of several hosts seldom begin and end at the same moment: hosts are compared in the time that all of them cover.
SELECT host::VARCHAR AS host, min(ts) AS first, max(ts) AS last
FROM (SELECT host, ts FROM connections UNION ALL SELECT host, ts FROM queue
      UNION ALL SELECT host, ts FROM decisions UNION ALL SELECT host, ts FROM deliveries)
WHERE host IS NOT NULL
GROUP BY 1
HAVING count(ts) > 0
ORDER BY 1
