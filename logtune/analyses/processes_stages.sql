-- title: Delay stages by time
-- question: How long did a first try take in each of the four stages, in each span of so many hours of the local days?
-- tables: attempts, days
-- parameters: $hours hours of a span (divides 24)
-- caveats: as Delivery attempts with their kind of try. Means over transactions of first tries that were not deferred, without
--   hand-overs to the own filter, by the end of the delivery.
SELECT days.day, least(floor(epoch(ts - days."begin") / 3600 / $hours), 24 / $hours - 1)::INTEGER AS span,
       coalesce(summed(a), 0) / count(*), coalesce(summed(b), 0) / count(*), coalesce(summed(c), 0) / count(*), coalesce(summed(d), 0) / count(*)
FROM attempts
JOIN days ON ts >= days."begin" AND ts < days."end"
WHERE try = 'first' AND leads AND NOT hop
GROUP BY ALL
ORDER BY ALL
