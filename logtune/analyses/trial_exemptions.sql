-- Question: which clients' wanted mail would a restriction stop, and what speaks for them?
-- Tables: marked, evidence, weighed, senders, entries, clients. One row per restriction, service and client with accepted mail of
-- strangers; authorized clients, the site's own filter and undeclared private addresses are left out: exceptions by client do
-- not fit them. Counts are recipients; facts are the strongest that any of the client's wanted recipients has.
WITH stopped AS (
    SELECT f.entry, f.client, count(*) FILTER (WHERE f.harm = 'wanted') AS recipients, count(*) FILTER (WHERE f.harm = 'unwanted') AS unwanted,
           list(DISTINCT coalesce(f.message, f.id)) FILTER (WHERE f.harm = 'wanted') AS mails,
           max(f.ts) FILTER (WHERE f.harm = 'wanted') AS last,
           list(DISTINCT f.helo ORDER BY f.helo) FILTER (WHERE f.harm = 'wanted' AND f.helo IS NOT NULL) AS helo_names
    FROM marked f
    WHERE f.outcome = 'accepted' AND f.who = 'others'
    GROUP BY f.entry, f.client
),
alike AS (
    SELECT DISTINCT f.entry, e.client, e.sender, e.spam, e.clean
    FROM marked f JOIN evidence e USING (id) WHERE f.outcome = 'accepted' AND f.who = 'others'
),
facts AS (
    SELECT a.entry, a.client,
           list(DISTINCT s.sender_domain ORDER BY s.sender_domain) FILTER (WHERE w.harm = 'wanted' AND s.sender_domain IS NOT NULL) AS sender_domains,
           max(w.wrote_client) AS wrote_client, max(w.wrote_organisation) AS wrote_organisation, max(w.wrote_domain) AS wrote_domain,
           max(w.days) AS days, bool_or(w.its_domain) AS its_domain, bool_or(w.clean) AS clean, max(w.probes) AS probes
    FROM alike a JOIN weighed w USING (client, sender, spam, clean) LEFT JOIN senders s USING (sender)
    GROUP BY a.entry, a.client
)
SELECT n.name, n.service, c.client_name, c.client_addr, c.organisation, c.network, s.* EXCLUDE (entry, client), f.* EXCLUDE (entry, client)
FROM stopped s JOIN facts f USING (entry, client) JOIN entries n USING (entry) JOIN clients c USING (client)
ORDER BY 1, 2, 3, 4
