-- title: Recipients by outcome and day
-- question: How did the outcomes change from day to day?
-- tables: recipient_facts, days
-- parameters: none
-- caveats: as Recipients by outcome. Recipients without a readable stamp are left out.
WITH quarters AS (
    SELECT outcome, time_bucket(INTERVAL 15 MINUTES, ts) AS quarter, count(*) AS recipients
    FROM recipient_facts
    WHERE NOT coalesce(reinjected, false)
    GROUP BY ALL
)
SELECT outcome, days.day, sum(recipients)::BIGINT AS recipients
FROM quarters
JOIN days ON quarter >= days."begin" AND quarter < days."end"
GROUP BY ALL
ORDER BY 1, 2
