-- title: Rejected recipients by HELO name
-- question: Which HELO name had how many recipients rejected or deferred, and mostly by what?
-- tables: recipient_facts
-- parameters: $top rows
-- caveats: Upper and lower case are one name. smtpd shows ? for what it replaced.
--   Mail that the own content filter gave back is left out, as in the overview: its recipients were counted when they came in.
SELECT coalesce(lower(helo), '(not logged)') AS helo,
       count(*) AS recipients,
       count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
       count(*) FILTER (WHERE outcome = 'deferred') AS deferred,
       count(DISTINCT client_addr) AS clients,
       mode("by" ORDER BY "by") AS mostly,
       count(*) OVER () AS groups
FROM recipient_facts
WHERE outcome IN ('rejected', 'deferred') AND NOT coalesce(reinjected, false)
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT $top
