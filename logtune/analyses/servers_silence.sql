-- title: Hosts that nobody came to
-- question: When did a host have no session at all while others of this log had theirs?
-- tables: server_sessions
-- parameters: $minutes the shortest span, $least sessions before and after it, in as long a time
-- caveats: Clocks of the hosts must agree. A host that stays away to the end of its log is not here: see the time that each log covers.
WITH arrivals AS (
    SELECT host, ts FROM server_sessions WHERE mx AND NOT fellow AND ts IS NOT NULL
), spans AS ( -- the window alone leaves few spans: those with so many sessions on both sides
    SELECT host, ts AS since, lead(ts) OVER times AS until,
           lag(ts, $least::INT - 1) OVER times AS earlier, lead(ts, $least::INT) OVER times AS later
    FROM arrivals WINDOW times AS (PARTITION BY host ORDER BY ts)
    QUALIFY until - since >= to_minutes($minutes::INT) AND earlier >= since - (until - since) AND later <= until + (until - since)
), counted AS (
    SELECT s.host, s.since, s.until,
           count(*) FILTER (WHERE a.host = s.host AND a.ts <= s.since) AS own_before,
           count(*) FILTER (WHERE a.host = s.host AND a.ts >= s.until) AS own_after,
           count(*) FILTER (WHERE a.host <> s.host AND a.ts <= s.since) AS others_before,
           count(*) FILTER (WHERE a.host <> s.host AND a.ts > s.since AND a.ts < s.until) AS others,
           count(*) FILTER (WHERE a.host <> s.host AND a.ts >= s.until) AS others_after
    FROM spans s JOIN arrivals a ON a.ts BETWEEN s.since - (s.until - s.since) AND s.until + (s.until - s.since)
    GROUP BY ALL
)
SELECT * FROM counted ORDER BY since, host
