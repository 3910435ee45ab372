-- Question: which restrictions (or texts) are on trial in which service?
-- Tables: relation flags, submission (the site's own services). Macro trial_name.
-- Result: made once as table "entries", one row per restriction (or text) and service. Numbers stand for names where many rows are
-- compared: entry for both, number for the restriction alone, kinds for the texts of it (hashes).
WITH texts AS (
    SELECT hash(restriction, text, service) AS kind, any_value(trial_name(restriction, text)) AS name, any_value(service) AS service
    FROM (SELECT DISTINCT restriction, text, service FROM flags) GROUP BY kind
)
SELECT row_number() OVER (ORDER BY name, service)::INTEGER AS entry, dense_rank() OVER (ORDER BY name)::INTEGER AS number,
       name, service, coalesce(service IN (SELECT service FROM submission), false) AS submission, list(kind) AS kinds
FROM texts GROUP BY name, service
