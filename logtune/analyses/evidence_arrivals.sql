-- title: Accepted recipients of clients that are not the site's own
-- question: Whose mail is accepted, on which local day, and what did the content filter say of it?
-- tables: recipient_facts, rcpt, flags, decisions, clients (analyses/organisations.py), submission, hours, submitted, judged
--   (analyses/evidence_hours.sql, evidence_submitted.sql, evidence_judged.sql)
-- parameters: none
-- caveats: Made once as table "arrivals", one row per recipient, numbers only, for it is the longest of all. sender is the hash of the
--   sender's domain, -1 where a mail has none (a bounce); a domain is what the client claims, so two of one hash do no harm.
WITH judging AS MATERIALIZED (
    SELECT position, coalesce(service IN (SELECT service FROM submission), false) AS submitted FROM decisions
    WHERE service IN (SELECT service FROM submission) OR message IN (SELECT message FROM submitted)
),
named AS (
    -- where the service matters: as the relation recipients has it, of the lines that judge a recipient, else of its mail
    SELECT n.id, bool_or(j.submitted) AS submitted FROM judging j JOIN rcpt n USING (position) GROUP BY n.id
)
SELECT r.id, c.client, r.stands, h.day,
       CASE WHEN contains(r.sender, '@') THEN (hash(lower(split_part(r.sender, '@', -1))) >> 1)::BIGINT ELSE -1 END AS sender,
       -- looked up, not joined: a join would hold all recipients
       coalesce(r.message IN (SELECT message FROM judged WHERE spam), false) AS spam,
       coalesce(r.message IN (SELECT message FROM judged WHERE clean), false) AS clean
FROM recipient_facts r
JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr
LEFT JOIN hours h ON h.hour = date_trunc('hour', r.ts) AND r.ts >= h."begin" AND r.ts < h."end"
WHERE (SELECT count(*) FROM flags) > 0 -- nothing is asked where nothing is on trial
  AND r.outcome = 'accepted' AND NOT r.reinjected AND r.sasl_username IS NULL AND NOT c.own AND NOT c.loopback
  AND CASE WHEN NOT r.stands AND r.id IN (SELECT id FROM named) THEN r.id NOT IN (SELECT id FROM named WHERE submitted)
           ELSE coalesce(r.message NOT IN (SELECT message FROM submitted), true) END
