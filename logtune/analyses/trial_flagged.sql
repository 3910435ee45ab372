-- Question: which recipient is flagged by which restriction on trial, and who is behind it?
-- Tables: relations flags and recipient_facts, decisions and deliveries (for the recipient's address), evidence,
-- clients (analyses/organisations.py), submission (the site's own services).
-- Result: one row per restriction (or text), service and recipient. Made once as table "flagged". entry is a number for
-- restriction and service.
-- Caveats: a 4xx code wins over a 5xx one where one restriction warned twice with both. "who": authorized clients
-- first; a re-injected mail or a loopback client is the site's own filter; the rest may be anybody. "harm" divides the
-- rest by evidence.
WITH entries AS (
    -- there are few, and many flags
    SELECT *, dense_rank() OVER (ORDER BY name, service) AS entry
    FROM (SELECT *, trial_name(restriction, text) AS name FROM (SELECT DISTINCT restriction, text, service FROM flags))
),
warnings AS (
    SELECT e.entry, f.id, min(f.reply_code) AS reply_code, bool_or(f.certain) AS certain, min(f.position) AS line
    FROM flags f JOIN entries e ON e.restriction IS NOT DISTINCT FROM f.restriction AND e.text IS NOT DISTINCT FROM f.text
                                AND e.service IS NOT DISTINCT FROM f.service
    GROUP BY e.entry, f.id
),
addresses AS ( -- an id is the position of the first line that names the recipient
    SELECT id, any_value(recipient) AS recipient FROM (
        SELECT position AS id, recipient FROM decisions SEMI JOIN warnings ON warnings.id = position
        UNION ALL
        SELECT position, coalesce(orig_recipient, recipient) FROM deliveries SEMI JOIN warnings ON warnings.id = position
    ) GROUP BY id
)
SELECT w.*, CASE WHEN w.who IN ('authorized', 'filter') THEN w.who ELSE coalesce(e.harm, 'no_evidence') END AS harm
FROM (
SELECT w.entry, f.name, f.service, r.id, w.reply_code, w.certain, w.line,
       r.session, r.message, r.ts, r.client_name, r.client_addr, c.organisation, c.network, coalesce(c.known, false) AS known,
       r.helo, r.sender, CASE WHEN NOT r.stands THEN a.recipient END AS recipient, r.sasl_username,
       CASE WHEN w.certain THEN r.outcome ELSE 'unknown' END AS outcome, r."by", r.fate,
       CASE WHEN r.sasl_username IS NOT NULL OR c.own OR f.service IN (SELECT service FROM submission) THEN 'authorized'
            WHEN r.reinjected OR c.loopback THEN 'filter'
            WHEN c.private THEN 'private'
            ELSE 'others' END AS who
FROM warnings w JOIN (SELECT DISTINCT entry, name, service FROM entries) f USING (entry) JOIN recipient_facts r USING (id)
LEFT JOIN addresses a USING (id)
LEFT JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr
) w LEFT JOIN evidence e ON e.id = w.id
