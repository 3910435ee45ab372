-- title: What arrived in a span of time
-- question: How many sessions and clients arrived while all processes were busy, and how long were their sessions?
-- tables: session_facts
-- parameters: $begin, $until (UTC), $host, $instance, $service (null for master.cf's smtp)
-- caveats: Sessions that began in the span. Clients that waited in the backlog arrive only when a process is free.
SELECT count(*) AS sessions, count(DISTINCT client_addr) AS clients, (sum(epoch_us(end_ts - connect_ts)) / count(end_ts - connect_ts)) / 1e6 AS mean_seconds
FROM session_facts
WHERE connect_ts BETWEEN $begin AND $until AND host IS NOT DISTINCT FROM $host AND instance IS NOT DISTINCT FROM $instance
  AND service IS NOT DISTINCT FROM $service
