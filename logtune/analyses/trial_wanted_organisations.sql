-- Question: how many client organisations deliver wanted mail here (the base of a share), and how many of them are new?
-- Tables: alike, weighed, clients. new: first seen after $since, a local day.
WITH wanted AS (
    SELECT DISTINCT organisation
    FROM alike SEMI JOIN (FROM weighed WHERE harm = 'wanted') w USING (client, sender, spam, clean) JOIN clients USING (client)
)
SELECT count(*) AS organisations, count(*) FILTER (WHERE first > $since) AS new
FROM (SELECT organisation, min(day) AS first FROM alike JOIN clients USING (client) GROUP BY organisation) SEMI JOIN wanted USING (organisation)
