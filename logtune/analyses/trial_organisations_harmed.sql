-- Question: which client organisations would lose mail, since when, how much, and how much of it is wanted?
-- Tables: marked, entries, clients. Counts are recipients and mails that are accepted today. Authorized clients and the site's
-- own filter are left out: exceptions spare them. first is that of the mail that is not unwanted, where there is any.
WITH harmed AS (
    SELECT f.entry, c.site, any_value(c.organisation) AS organisation, count(*) AS recipients, count(DISTINCT coalesce(f.message, f.id)) AS mails,
           coalesce(min(f.ts) FILTER (WHERE f.harm = 'wanted'), min(f.ts) FILTER (WHERE f.harm = 'no_evidence'), min(f.ts)) AS first, max(f.ts) AS last,
           count(*) FILTER (WHERE f.harm = 'wanted') AS wanted, count(*) FILTER (WHERE f.harm = 'unwanted') AS unwanted
    FROM marked f JOIN clients c USING (client)
    WHERE f.outcome = 'accepted' AND f.who IN ('others', 'private')
    GROUP BY f.entry, c.site
)
SELECT n.name, n.service, h.* EXCLUDE (entry, site)
FROM harmed h JOIN entries n USING (entry)
ORDER BY n.name, n.service, recipients DESC, organisation
