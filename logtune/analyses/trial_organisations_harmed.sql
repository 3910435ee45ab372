-- Question: which client organisations would lose mail, since when, and how much?
-- Tables: flagged. Counts are recipients and mails that are accepted today. Authorized clients and the site's
-- own filter are left out: exceptions spare them.
SELECT name, service, organisation, count(*) AS recipients, count(DISTINCT coalesce(message, id)) AS mails, min(ts) AS first, max(ts) AS last
FROM flagged WHERE outcome = 'accepted' AND who IN ('others', 'private')
GROUP BY name, service, organisation ORDER BY name, service, recipients DESC, organisation
