-- title: Newly stopped recipients by who is let through
-- question: Which accepted recipients would each restriction on trial stop, and what could let them through?
-- tables: flagged, clients, evidence
-- parameters: none
-- caveats: One row per restriction, service and recipient. own: permit_mynetworks lets it through, login: permit_sasl_authenticated
--   does; a client without either on a submission service is counted as authorized all the same.
SELECT f.name, f.service, f.id, f.client_name, f.client_addr,
       coalesce(c.own OR c.loopback, false) AS own, f.sasl_username IS NOT NULL AS login,
       CASE WHEN f.who IN ('authorized', 'filter') THEN f.who WHEN e.harm IN ('wanted', 'unwanted') THEN e.harm ELSE 'others' END AS harm
FROM flagged f
LEFT JOIN clients c ON c.client_name IS NOT DISTINCT FROM f.client_name AND c.client_addr IS NOT DISTINCT FROM f.client_addr
LEFT JOIN evidence e ON e.id = f.id
WHERE f.outcome = 'accepted'
ORDER BY f.id, f.name
