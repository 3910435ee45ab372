-- Question: whose mail would a restriction newly stop, with what greeting, and what speaks for and against it?
-- Tables: flagged, evidence, weighed, senders. One row per client organisation and harm; known clients are left out.
-- Parameters: $name the restriction or text, $service its service or null.
-- Counts are recipients, mails, clients, greetings; facts are the strongest that any of the recipients has. line is the
-- position of the first warning line, for "logtune lines".
SELECT f.organisation, f.harm, min(f.who) AS who, mode(f.client_addr ORDER BY f.client_addr) AS client_addr, count(DISTINCT f.client_addr) AS clients,
       mode(f.helo ORDER BY f.helo) AS helo, count(DISTINCT f.helo) AS helos, mode(e.sender_domain ORDER BY e.sender_domain) AS sender_domain,
       count(*) AS recipients, count(DISTINCT coalesce(f.message, f.id)) AS mails, max(f.ts) AS last, min(f.line) AS line,
       coalesce(max(e.wrote_client), 0) AS wrote_client, coalesce(max(e.wrote_organisation), 0) AS wrote_organisation,
       coalesce(max(e.wrote_domain), 0) AS wrote_domain, coalesce(max(e.days), 0) AS days, coalesce(max(e.probes), 0) AS probes,
       coalesce(bool_or(e.its_domain), false) AS its_domain, coalesce(bool_or(e.clean), false) AS clean, coalesce(bool_or(e.spam), false) AS spam,
       coalesce(max(e.listed), 0) AS listed, coalesce(max(e.unlisted), 0) AS unlisted, coalesce(max(e.relayed), 0) AS relayed,
       coalesce(bool_or(e.guesses), false) AS guesses, coalesce(bool_or(e.spams), false) AS spams, coalesce(bool_or(e.claims_own), false) AS claims_own
FROM flagged f
LEFT JOIN (SELECT e.id, s.sender_domain, w.* FROM evidence e JOIN weighed w USING (client, sender, spam, clean) LEFT JOIN senders s USING (sender)) e USING (id)
WHERE f.name = $name AND f.service IS NOT DISTINCT FROM $service AND f.outcome = 'accepted' AND f.harm <> 'authorized' AND NOT f.known
GROUP BY f.organisation, f.harm
ORDER BY array_position(['wanted', 'filter', 'no_evidence', 'unwanted'], f.harm), recipients DESC, f.organisation
