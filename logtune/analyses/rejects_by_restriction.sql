-- title: Rejected recipients by restriction
-- question: Which restriction rejected or deferred how many recipients, of how many clients?
-- tables: recipient_facts, decision_kinds
-- parameters: none
-- caveats: Real rejects only, no warnings of restrictions on trial. What a site's own table or policy service said is a free text:
--   it has no name here and stands together as '(text not known)'.
--   Header and body checks, milters, the before-queue filter and postscreen are no restrictions: header_checks, (milter), (proxy), (postscreen).
--   Mail that the own content filter gave back is left out, as in the overview: its recipients were counted when they came in.
WITH names AS (
    SELECT restriction AS "by", restriction AS label FROM decision_kinds WHERE restriction IS NOT NULL
    UNION
    SELECT reason_shape, min('(' || origin || ')') FROM decision_kinds
    WHERE restriction IS NULL AND part IS NULL AND reason_shape IS NOT NULL AND action = 'reject'
    GROUP BY 1 HAVING bool_and(origin <> 'smtpd')
    UNION
    SELECT part || '_checks', part || '_checks' FROM decision_kinds WHERE part IS NOT NULL
), stopped AS (
    SELECT "by", client_addr, count(*) AS recipients,
           count(*) FILTER (WHERE outcome = 'rejected') AS rejected, count(*) FILTER (WHERE outcome = 'deferred') AS deferred
    FROM recipient_facts
    WHERE outcome IN ('rejected', 'deferred') AND NOT coalesce(reinjected, false)
    GROUP BY ALL
)
SELECT coalesce(names.label, CASE WHEN stopped."by" IS NULL THEN '(not logged)' ELSE '(text not known)' END) AS restriction,
       sum(recipients)::BIGINT AS recipients, sum(rejected)::BIGINT AS rejected, sum(deferred)::BIGINT AS deferred,
       count(DISTINCT client_addr) AS clients
FROM stopped
LEFT JOIN names ON names."by" = stopped."by"
GROUP BY 1
ORDER BY 2 DESC, 1
