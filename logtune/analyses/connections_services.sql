-- title: Sessions by service
-- question: How many sessions does each smtpd service have, how long are they, and how do they end?
-- tables: session_facts
-- parameters: none
-- caveats: A session begins with its connect line (after the reverse lookup). Length only where both ends are in the log.
SELECT host, instance, service,
       count(*) AS sessions,
       count(DISTINCT client_addr) AS clients,
       count(*) FILTER (WHERE lost = 'lost_connection') AS lost_connection,
       count(*) FILTER (WHERE lost = 'timeout') AS timeout,
       count(*) FILTER (WHERE lost = 'too_many_errors') AS too_many_errors,
       count(*) FILTER (WHERE ended IS NULL) AS open,
       (sum(epoch_us(end_ts - connect_ts)) / count(end_ts - connect_ts)) / 1e6 AS mean_seconds,
       quantile_disc(epoch(end_ts - connect_ts), 0.95) AS p95_seconds
FROM session_facts
GROUP BY ALL
ORDER BY sessions DESC, 1, 2, 3
