-- title: Rejected recipients by sender domain
-- question: Which sender domain had how many recipients rejected or deferred, and mostly by what?
-- tables: recipient_facts
-- parameters: $top rows
-- caveats: The sender is what the client claims. <> is the null sender, of bounces and probes.
--   Mail that the own content filter gave back is left out, as in the overview: its recipients were counted when they came in.
SELECT CASE WHEN sender IS NULL THEN '(not logged)'
            WHEN sender = '' THEN '<>'
            WHEN contains(sender, '@') THEN lower(split_part(sender, '@', -1))
            ELSE '(no domain)' END AS sender_domain,
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
