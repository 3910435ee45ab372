-- title: Rejected recipients by client
-- question: Which client had how many recipients rejected or deferred, and mostly by what?
-- tables: recipient_facts
-- parameters: $top rows
-- caveats: A client is an address; of several names the last in the alphabet is shown.
--   Mail that the own content filter gave back is left out, as in the overview: its recipients were counted when they came in.
SELECT coalesce(max(client_name) || '[' || client_addr || ']', client_addr, '(not logged)') AS client,
       count(*) AS recipients,
       count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
       count(*) FILTER (WHERE outcome = 'deferred') AS deferred,
       count(DISTINCT client_addr) AS clients,
       mode("by" ORDER BY "by") AS mostly,
       count(*) OVER () AS groups
FROM recipient_facts
WHERE outcome IN ('rejected', 'deferred') AND NOT coalesce(reinjected, false)
GROUP BY client_addr
ORDER BY 2 DESC, 1
LIMIT $top
