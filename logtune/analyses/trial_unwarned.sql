-- Question: with which greetings came the recipients that a restriction was not seen to warn about while on trial?
-- Tables: recipients, flagged. Parameters: $name the restriction, $service its service or null, $first and $until its trial.
-- Caveats: only greetings that a line shows.
SELECT r.helo, r.outcome = 'accepted' AS accepted, count(*) AS recipients
FROM recipients r
WHERE r.helo IS NOT NULL AND r.service IS NOT DISTINCT FROM $service AND r.ts BETWEEN $first AND $until
  AND r.id NOT IN (SELECT id FROM flagged WHERE name = $name AND service IS NOT DISTINCT FROM $service)
GROUP BY ALL
