-- title: Rejected recipients by recipient domain
-- question: Which recipient domain had how many recipients rejected or deferred, and mostly by what?
-- tables: recipients
-- parameters: $top rows
-- caveats: Where a client was refused before RCPT TO the recipient is not in the log.
--   Mail that the own content filter gave back is left out, as in the overview: its recipients were counted when they came in.
SELECT CASE WHEN recipient IS NULL THEN '(not logged)'
            WHEN recipient = '' THEN '<>'
            WHEN contains(recipient, '@') THEN lower(split_part(recipient, '@', -1))
            ELSE '(no domain)' END AS recipient_domain,
       count(*) AS recipients,
       count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
       count(*) FILTER (WHERE outcome = 'deferred') AS deferred,
       count(DISTINCT client_addr) AS clients,
       mode("by" ORDER BY "by") AS mostly,
       count(*) OVER () AS groups
FROM recipients
WHERE outcome IN ('rejected', 'deferred') AND NOT coalesce(reinjected, false)
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT $top
