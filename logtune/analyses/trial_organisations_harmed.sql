-- Question: which client organisations would lose mail, since when, how much, and how much of it is wanted?
-- Tables: flagged. Counts are recipients and mails that are accepted today. Authorized clients and the site's
-- own filter are left out: exceptions spare them. first is that of the mail that is not unwanted, where there is any.
SELECT name, service, organisation, count(*) AS recipients, count(DISTINCT coalesce(message, id)) AS mails,
       coalesce(min(ts) FILTER (WHERE harm = 'wanted'), min(ts) FILTER (WHERE harm = 'no_evidence'), min(ts)) AS first, max(ts) AS last,
       count(*) FILTER (WHERE harm = 'wanted') AS wanted, count(*) FILTER (WHERE harm = 'unwanted') AS unwanted
FROM flagged WHERE outcome = 'accepted' AND who IN ('others', 'private')
GROUP BY name, service, organisation ORDER BY name, service, recipients DESC, organisation
