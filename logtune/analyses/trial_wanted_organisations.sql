-- Question: how many client organisations deliver wanted mail here (the base of a share), and how many of them are new?
-- Tables: evidence, arrivals. new: first seen after $since, a local day.
SELECT count(*) AS organisations, count(*) FILTER (WHERE first > $since) AS new
FROM (SELECT a.organisation, min(a.day) AS first FROM arrivals a JOIN evidence e USING (id)
      GROUP BY a.organisation HAVING bool_or(e.harm = 'wanted'))
