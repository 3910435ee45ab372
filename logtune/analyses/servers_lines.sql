-- title: Lines of a host in a span of time
-- question: Did a host write anything at all in this time?
-- tables: connections, queue, deliveries, notices
-- parameters: $host, $begin, $until (UTC, both exclusive)
-- caveats: Lines of deliveries without sessions: the host runs, but nobody comes to it. starts: master's word that it started, until two
--   minutes after the end.
SELECT (SELECT count(*) FROM queue WHERE host = $host AND ts > $begin::TIMESTAMP AND ts < $until::TIMESTAMP)
     + (SELECT count(*) FROM deliveries WHERE host = $host AND ts > $begin::TIMESTAMP AND ts < $until::TIMESTAMP)
     + (SELECT count(*) FROM connections WHERE host = $host AND ts > $begin::TIMESTAMP AND ts < $until::TIMESTAMP) AS lines,
       (SELECT count(*) FROM notices WHERE host = $host AND daemon = 'master' AND text LIKE 'daemon started%'
               AND ts > $begin::TIMESTAMP AND ts <= $until::TIMESTAMP + INTERVAL 2 MINUTE) AS starts
