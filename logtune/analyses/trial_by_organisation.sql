-- Question: which client organisations would a restriction newly stop, with what greeting, and what became of the mail?
-- Tables: flagged. One row per organisation; wanted or not is for a person to say.
-- Parameters: $name the restriction or text, $service its service or null.
SELECT organisation, who, mode(helo) AS helo, count(DISTINCT helo) AS helos, count(DISTINCT client_addr) AS clients, count(*) AS recipients,
       count(DISTINCT coalesce(message, id)) AS mails, min(ts) AS first, max(ts) AS last,
       mode(coalesce(fate, 'unknown')) AS fate, arg_min(sender, line) AS sender, arg_min(recipient, line) AS recipient, min(line) AS line
FROM flagged
WHERE name = $name AND service IS NOT DISTINCT FROM $service AND outcome = 'accepted'
GROUP BY organisation, who
ORDER BY array_position(['others', 'private', 'filter', 'authorized'], who), recipients DESC, organisation
