-- title: Rejected recipients by service
-- question: Which smtpd service rejected or deferred how many recipients?
-- tables: recipients
-- parameters: none
-- caveats: A service without a syslog name of its own is master.cf's smtp.
--   Mail that the own content filter gave back is left out, as in the overview: its recipients were counted when they came in.
SELECT host, instance, service,
       count(*) AS recipients,
       count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
       count(*) FILTER (WHERE outcome = 'deferred') AS deferred,
       count(DISTINCT client_addr) AS clients
FROM recipients
WHERE outcome IN ('rejected', 'deferred') AND NOT coalesce(reinjected, false)
GROUP BY ALL
ORDER BY 4 DESC, 1, 2, 3
