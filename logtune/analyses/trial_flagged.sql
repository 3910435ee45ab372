-- Question: which recipient is flagged by which restriction on trial, and who is behind it?
-- Tables: relations flags and recipients, evidence, clients (analyses/organisations.py), submission (the site's own services).
-- Result: one row per restriction (or text), service and recipient. Made once as table "flagged".
-- Caveats: a 4xx code wins over a 5xx one where one restriction warned twice with both. "who": authorized clients
-- first; a re-injected mail or a loopback client is the site's own filter; the rest may be anybody. "harm" divides the
-- rest by evidence.
SELECT w.*, CASE WHEN w.who IN ('authorized', 'filter') THEN w.who ELSE coalesce(e.harm, 'no_evidence') END AS harm
FROM (
SELECT trial_name(f.restriction, f.text) AS name, any_value(f.restriction) AS restriction,
       arg_min(f.text, f.position) AS text, f.service, r.id,
       min(f.reply_code) AS reply_code, bool_or(f.certain) AS certain, min(f.position) AS line,
       list(DISTINCT f.protocol_state ORDER BY f.protocol_state) AS protocol_states,
       any_value(r.session) AS session, any_value(r.message) AS message, any_value(r.ts) AS ts,
       any_value(r.client_name) AS client_name, any_value(r.client_addr) AS client_addr, any_value(c.organisation) AS organisation,
       any_value(c.network) AS network, bool_or(coalesce(c.known, false)) AS known,
       any_value(r.helo) AS helo, any_value(r.sender) AS sender, any_value(r.recipient) AS recipient,
       any_value(r.sasl_username) AS sasl_username,
       CASE WHEN bool_or(f.certain) THEN any_value(r.outcome) ELSE 'unknown' END AS outcome,
       any_value(r."by") AS "by", any_value(r.fate) AS fate,
       CASE WHEN any_value(r.sasl_username) IS NOT NULL OR bool_or(c.own) OR f.service IN (SELECT service FROM submission) THEN 'authorized'
            WHEN bool_or(r.reinjected) OR bool_or(c.loopback) THEN 'filter'
            WHEN bool_or(c.private) THEN 'private'
            ELSE 'others' END AS who
FROM flags f JOIN recipients r USING (id)
LEFT JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr
GROUP BY trial_name(f.restriction, f.text), f.service, r.id
) w LEFT JOIN evidence e ON e.id = w.id
