-- title: What arrived in a span of time
-- question: How many sessions and clients arrived while all processes were busy, how long were the sessions, and what did they bring?
-- tables: session_facts
-- parameters: $begin, $until (UTC), $host, $instance, $service (null for master.cf's smtp)
-- caveats: Sessions that began in the span. Clients that waited in the backlog arrive only when a process is free.
--   cut: at the limit master starts smtpd with stress=yes, and one error ends a session (smtpd_hard_error_limit in postconf(5));
--   calm_mean_seconds is therefore the mean length outside of the span. Commands are smtpd's own counts; null where no disconnect line has them (before Postfix 3.0).
WITH arrived AS (
    SELECT *, count(*) OVER (PARTITION BY client_addr) AS of_client
    FROM session_facts
    WHERE connect_ts BETWEEN $begin AND $until AND host IS NOT DISTINCT FROM $host AND instance IS NOT DISTINCT FROM $instance
      AND service IS NOT DISTINCT FROM $service
)
SELECT count(*) AS sessions, count(DISTINCT client_addr) AS clients,
       (sum(epoch_us(end_ts - connect_ts)) / count(end_ts - connect_ts)) / 1e6 AS mean_seconds,
       count(*) FILTER (WHERE lost = 'lost_connection') AS lost, count(*) FILTER (WHERE lost = 'timeout') AS timeout,
       sum(mail)::BIGINT AS mail, sum(rcpt)::BIGINT AS rcpt, sum(rcpt_ok)::BIGINT AS rcpt_ok,
       count(*) FILTER (WHERE mail = 0) AS without_mail, max(of_client) AS most_of_client,
       count(*) FILTER (WHERE lost = 'too_many_errors') AS cut,
       (SELECT avg(epoch_us(end_ts - connect_ts)) / 1e6 FROM session_facts
        WHERE connect_ts NOT BETWEEN $begin AND $until AND host IS NOT DISTINCT FROM $host
          AND instance IS NOT DISTINCT FROM $instance AND service IS NOT DISTINCT FROM $service) AS calm_mean_seconds
FROM arrived
