-- Question: how many recipients would each restriction newly stop on each local day?
-- Tables: flagged, days.
SELECT f.name, f.service, d.day, count(*) AS recipients
FROM flagged f JOIN days d ON f.ts >= d.begin AND f.ts < d."end"
WHERE f.outcome = 'accepted' GROUP BY ALL
