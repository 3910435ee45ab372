-- Question: which authorized clients would a restriction newly stop, and how are they known?
-- Tables: flagged, clients, days. One row per login, else per client; known clients are left out.
-- Parameters: $name the restriction or text, $service its service or null.
SELECT coalesce(f.sasl_username, f.client_name || ', ' || f.client_addr, f.client_addr) AS "user", mode(f.helo ORDER BY f.helo) AS helo, count(DISTINCT f.helo) AS helos,
       CASE WHEN f.sasl_username IS NOT NULL THEN 'SASL login' WHEN bool_or(c.own) THEN 'own network' ELSE 'submission' END AS known_by,
       count(*) AS recipients, count(DISTINCT days.day) AS days, min(f.line) AS line
FROM flagged f
LEFT JOIN clients c ON c.client_name IS NOT DISTINCT FROM f.client_name AND c.client_addr IS NOT DISTINCT FROM f.client_addr
LEFT JOIN days ON f.ts >= days."begin" AND f.ts < days."end"
WHERE f.name = $name AND f.service IS NOT DISTINCT FROM $service AND f.outcome = 'accepted' AND f.harm = 'authorized' AND NOT f.known
GROUP BY 1, f.sasl_username
ORDER BY recipients DESC, 1, known_by
