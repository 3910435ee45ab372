-- Question: who is behind the recipients that a restriction would newly stop?
-- Tables: flagged. One row per client organisation, greeting, sender and recipient; most recipients first.
-- Parameters: $name the restriction or text, $service its service or null.
-- Counts: recipients, mails. line is the position of the first warning line, for "logtune lines".
SELECT organisation, mode(client_addr ORDER BY client_addr) AS client_addr, helo, sender, recipient, min(sasl_username) AS sasl_username,
       min(who) AS who, count(*) AS recipients, count(DISTINCT coalesce(message, id)) AS mails,
       min(ts) AS first, max(ts) AS last, mode(coalesce(fate, 'unknown') ORDER BY coalesce(fate, 'unknown')) AS fate, min(line) AS line
FROM flagged
WHERE name = $name AND service IS NOT DISTINCT FROM $service AND outcome = 'accepted' AND NOT known
GROUP BY organisation, helo, sender, recipient
ORDER BY array_position(['others', 'private', 'filter', 'authorized'], min(who)), recipients DESC, organisation, helo, sender, recipient
