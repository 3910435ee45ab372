-- title: Sessions by time
-- question: What was the peak of each service in each span of so many hours of the local days, and the mean?
-- tables: session_levels, days
-- parameters: $hours hours of a span (divides 24)
-- caveats: as Sessions at the same moment, step by step. A day with a change of the clock has its 23 or 25 hours; the last span takes the rest.
--   number is the hash of host, instance and service.
SELECT number, days.day, least(floor(epoch(ts - days."begin") / 3600 / $hours), 24 / $hours - 1)::INTEGER AS span,
       max(level)::INTEGER AS peak, (sum(level * greatest(0, epoch_us(until) - epoch_us(ts))) / 1e6)::DOUBLE AS seconds
FROM session_levels
JOIN days ON ts >= days."begin" AND ts < days."end"
GROUP BY ALL
ORDER BY ALL
