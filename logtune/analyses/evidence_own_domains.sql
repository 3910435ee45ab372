-- title: Domains of the site
-- question: For which recipient domains is mail of strangers accepted?
-- tables: arrivals, clients (analyses/organisations.py), decisions, deliveries
-- parameters: none
-- caveats: Made once as table "own_domains". Clients with an undeclared private address do not count: they may be own users
--   whose mail goes anywhere. The address is that of the relation recipients, on the first line that names the recipient.
WITH asked AS (
    SELECT id FROM arrivals SEMI JOIN (FROM clients WHERE NOT private) USING (client) WHERE NOT stands
),
addresses AS (
    SELECT DISTINCT recipient FROM decisions SEMI JOIN asked ON asked.id = position
    UNION ALL
    SELECT DISTINCT coalesce(orig_recipient, recipient) FROM deliveries SEMI JOIN asked ON asked.id = position
)
SELECT DISTINCT lower(split_part(recipient, '@', -1)) AS domain FROM addresses WHERE recipient IS NOT NULL
