-- Question: which hosts take mail, and in how many lines does each really reject by a restriction (or text) that is on trial somewhere?
-- Tables: session_facts, trial_lines. One row per host with sessions, and name and service of what it rejects by.
SELECT h.host, l.name, l.service::VARCHAR AS service, coalesce(sum(coalesce(l.repeat, 1)) FILTER (WHERE l.name IS NOT NULL), 0)::BIGINT AS rejects
FROM (SELECT DISTINCT host::VARCHAR AS host FROM session_facts WHERE host IS NOT NULL) h
LEFT JOIN trial_lines l ON l.host = h.host AND l.action = 'reject'
GROUP BY ALL
ORDER BY ALL
