-- title: Rejected recipients by restriction and day
-- question: On which local days did each restriction reject or defer?
-- tables: recipient_facts, decision_texts, days
-- parameters: none
-- caveats: as Rejected recipients by restriction; recipients without a readable stamp are left out.
--   Mail that the own content filter gave back is left out, as in the overview: its recipients were counted when they came in.
WITH names AS (
    SELECT restriction AS "by", restriction AS label FROM decision_texts WHERE restriction IS NOT NULL
    UNION
    SELECT reason_shape, min('(' || origin || ')') FROM decision_texts
    WHERE restriction IS NULL AND part IS NULL AND reason_shape IS NOT NULL AND rejects
    GROUP BY 1 HAVING bool_and(origin <> 'smtpd')
    UNION
    SELECT part || '_checks', part || '_checks' FROM decision_texts WHERE part IS NOT NULL
), quarters AS (
    SELECT coalesce(names.label, CASE WHEN recipient_facts."by" IS NULL THEN '(not logged)' ELSE '(text not known)' END) AS restriction,
           time_bucket(INTERVAL 15 MINUTES, ts) AS quarter,
           count(*) AS recipients
    FROM recipient_facts
    LEFT JOIN names ON names."by" = recipient_facts."by"
    WHERE outcome IN ('rejected', 'deferred') AND NOT coalesce(reinjected, false)
    GROUP BY ALL
)
SELECT quarters.restriction, days.day, sum(recipients)::BIGINT AS recipients
FROM quarters
JOIN days ON quarter >= days."begin" AND quarter < days."end"
GROUP BY ALL
ORDER BY 1, 2
