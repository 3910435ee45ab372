-- Question: which enforced restriction stops the recipients that a restriction on trial flagged?
-- Tables: flagged. Parameters: $name the restriction or text, $service its service or null.
SELECT "by", outcome, count(*) AS recipients
FROM flagged WHERE name = $name AND service IS NOT DISTINCT FROM $service AND outcome IN ('rejected', 'deferred')
GROUP BY ALL ORDER BY recipients DESC, "by", outcome
