-- title: What else happened in a span of time
-- question: How many unknown recipients, postscreen's busy ports, stress modes and master's warnings does the log have in a span?
-- tables: decisions, notices
-- parameters: $begin, $until (UTC), $host, $instance, $service (null for master.cf's smtp)
-- caveats: postscreen stands before all smtpd services of an instance; its lines count for the instance.
--   master warns at most once per 1,000 s and service.
WITH said AS (
    SELECT restriction, reason_shape, origin, service, daemon FROM decisions
    WHERE ts BETWEEN $begin AND $until AND action = 'reject' AND host IS NOT DISTINCT FROM $host AND instance IS NOT DISTINCT FROM $instance
), noted AS (
    SELECT kind, text FROM notices
    WHERE ts BETWEEN $begin AND $until AND kind IN ('postscreen', 'process_limit')
      AND host IS NOT DISTINCT FROM $host AND instance IS NOT DISTINCT FROM $instance
)
SELECT (SELECT count(*) FROM said WHERE daemon = 'smtpd' AND service IS NOT DISTINCT FROM $service
        AND restriction IN ('reject_unlisted_recipient', 'reject_unverified_recipient')) AS unknown_users,
       (SELECT count(*) FROM said WHERE daemon = 'smtpd' AND service IS NOT DISTINCT FROM $service) AS rejects,
       (SELECT count(*) FROM said WHERE origin = 'postscreen' AND reason_shape SIMILAR TO '.*(ports busy|too many connections).*')
       + (SELECT count(*) FROM noted WHERE text LIKE '%screening ports busy%') AS ports_busy,
       (SELECT count(*) FROM noted WHERE kind = 'postscreen' AND text LIKE 'entering STRESS mode%') AS stress,
       (SELECT count(*) FROM noted WHERE kind = 'process_limit') AS warnings
