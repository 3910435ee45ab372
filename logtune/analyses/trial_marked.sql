-- Question: which recipient is flagged by which restriction on trial, and who is behind it?
-- Tables: relations flags and recipient_facts, decisions and deliveries (for the recipient's address), entries, evidence,
-- clients (analyses/organisations.py).
-- Result: one row per restriction (or text), service and recipient. Made once as table "marked"; trial_flagged.sql gives it names.
-- Caveats: a 4xx code wins over a 5xx one where one restriction warned twice with both. "who": authorized clients
-- first; a re-injected mail or a loopback client is the site's own filter; the rest may be anybody. "harm" divides the
-- rest by evidence.
WITH kinds AS (
    SELECT entry, submission, unnest(kinds) AS kind FROM entries
),
warnings AS (
    SELECT k.entry, f.id, bool_or(k.submission) AS submission, min(f.reply_code) AS reply_code, bool_or(f.certain) AS certain, min(f.position) AS line
    FROM flags f JOIN kinds k ON k.kind = hash(f.restriction, f.text, f.service)
    GROUP BY k.entry, f.id
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
SELECT w.entry, r.id, w.reply_code, w.certain, w.line, r.session, r.message, r.ts, c.client, coalesce(c.known, false) AS known,
       r.helo, r.sender, CASE WHEN NOT r.stands THEN a.recipient END AS recipient, r.sasl_username,
       CASE WHEN w.certain THEN r.outcome ELSE 'unknown' END AS outcome, r."by", r.fate,
       CASE WHEN r.sasl_username IS NOT NULL OR c.own OR w.submission THEN 'authorized'
            WHEN r.reinjected OR c.loopback THEN 'filter'
            WHEN c.private THEN 'private'
            ELSE 'others' END AS who
FROM warnings w JOIN recipient_facts r USING (id)
LEFT JOIN addresses a USING (id)
LEFT JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr
) w LEFT JOIN evidence e ON e.id = w.id
