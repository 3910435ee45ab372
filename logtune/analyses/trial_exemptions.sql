-- Question: which clients' wanted mail would a restriction stop, and what speaks for them?
-- Tables: flagged, evidence. One row per restriction, service and client with accepted mail of strangers; authorized clients,
-- the site's own filter and undeclared private addresses are left out: exceptions by client do not fit them.
-- Counts are recipients; facts are the strongest that any of the client's wanted recipients has.
SELECT f.name, f.service, f.client_name, f.client_addr, f.organisation, f.network,
       count(*) FILTER (WHERE f.harm = 'wanted') AS recipients, count(*) FILTER (WHERE f.harm = 'unwanted') AS unwanted,
       list(DISTINCT coalesce(f.message, f.id)) FILTER (WHERE f.harm = 'wanted') AS mails,
       max(f.ts) FILTER (WHERE f.harm = 'wanted') AS last,
       list(DISTINCT f.helo ORDER BY f.helo) FILTER (WHERE f.harm = 'wanted' AND f.helo IS NOT NULL) AS helo_names,
       list(DISTINCT e.sender_domain ORDER BY e.sender_domain) FILTER (WHERE f.harm = 'wanted' AND e.sender_domain IS NOT NULL) AS sender_domains,
       max(e.wrote_client) AS wrote_client, max(e.wrote_organisation) AS wrote_organisation, max(e.wrote_domain) AS wrote_domain,
       max(e.days) AS days, bool_or(e.its_domain) AS its_domain, bool_or(e.clean) AS clean, max(e.probes) AS probes
FROM flagged f JOIN evidence e USING (id)
WHERE f.outcome = 'accepted' AND f.who = 'others'
GROUP BY ALL
ORDER BY 1, 2, 3, 4
