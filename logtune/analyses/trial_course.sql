-- Question: how many recipients would each restriction newly stop on each local day?
-- Tables: marked, entries, days.
-- Caveats: time is cut to quarter hours before the join with days (all zones in use have offsets of whole quarters).
WITH quarters AS (
    SELECT entry, time_bucket(INTERVAL 15 MINUTES, ts) AS quarter, count(*) AS recipients FROM marked WHERE outcome = 'accepted' GROUP BY ALL
)
SELECT n.name, n.service, d.day, sum(q.recipients)::BIGINT AS recipients
FROM quarters q JOIN days d ON q.quarter >= d."begin" AND q.quarter < d."end" JOIN entries n USING (entry)
GROUP BY ALL
