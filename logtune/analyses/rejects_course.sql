-- title: Rejected recipients by restriction and day
-- question: On which local days did each restriction reject or defer?
-- tables: recipient_facts, decision_kinds, days
-- parameters: none
-- caveats: as Rejected recipients by restriction; recipients without a readable stamp are left out.
--   Mail that the own content filter gave back is left out, as in the overview: its recipients were counted when they came in.
WITH names AS (
    SELECT restriction AS "by", restriction AS label FROM decision_kinds WHERE restriction IS NOT NULL
    UNION
    SELECT reason_shape, min('(' || origin || ')') FROM decision_kinds
    WHERE restriction IS NULL AND part IS NULL AND reason_shape IS NOT NULL AND action = 'reject'
    GROUP BY 1 HAVING bool_and(origin <> 'smtpd')
    UNION
    SELECT part || '_checks', part || '_checks' FROM decision_kinds WHERE part IS NOT NULL
), quarters AS (
    SELECT "by", time_bucket(INTERVAL 15 MINUTES, ts) AS quarter, count(*) AS recipients
    FROM recipient_facts
    WHERE outcome IN ('rejected', 'deferred') AND NOT coalesce(reinjected, false)
    GROUP BY ALL
)
SELECT coalesce(names.label, CASE WHEN quarters."by" IS NULL THEN '(not logged)' ELSE '(text not known)' END) AS restriction,
       days."day", sum(recipients)::BIGINT AS recipients
FROM quarters
JOIN days ON quarter >= days."begin" AND quarter < days."end"
LEFT JOIN names ON names."by" = quarters."by"
GROUP BY ALL
ORDER BY 1, 2
