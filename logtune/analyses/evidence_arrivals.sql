-- title: Accepted recipients of clients that are not the site's own
-- question: Whose mail is accepted, on which local day, and what did the content filter say of it?
-- tables: recipient_facts, rcpt, flags, decisions, queue, verdicts, clients (analyses/organisations.py), submission,
--   hours, submitted (analyses/evidence_hours.sql, evidence_submitted.sql)
-- parameters: $spam the filter's words for mail that nobody wants
-- caveats: Made once as table "arrivals", one row per recipient: numbers and one text, for it is the longest of all. A
--   verdict belongs to a mail by its queue id, else by the Message-ID; where a filter spoke twice of the same Message-ID,
--   the worse word counts for both.
WITH words AS (
    SELECT message, queue_id, message_id,
           coalesce(verdict::VARCHAR IN (SELECT unnest($spam::VARCHAR[])), false) AS spam, coalesce(verdict = 'clean', false) AS clean
    FROM verdicts WHERE (SELECT count(*) FROM flags) > 0
),
nameless AS (
    SELECT message_id, bool_or(spam) AS spam, bool_and(clean) AS clean FROM words
    WHERE queue_id IS NULL AND message_id IS NOT NULL GROUP BY message_id
),
named_mails AS (
    SELECT message, arg_min(message_id, position) AS message_id FROM queue
    WHERE event = 'message_id' AND (message IN (SELECT message FROM words WHERE message IS NOT NULL AND message_id IS NOT NULL)
                                    OR message IN (SELECT message FROM queue SEMI JOIN nameless USING (message_id) WHERE event = 'message_id'))
    GROUP BY message
),
said AS (
    SELECT w.message, w.spam, w.clean FROM words w LEFT JOIN named_mails m USING (message)
    WHERE w.message IS NOT NULL AND (w.message_id IS NULL OR m.message_id IS NULL OR m.message_id = w.message_id)
    UNION ALL BY NAME
    SELECT m.message, w.spam, w.clean FROM nameless w JOIN named_mails m USING (message_id)
),
judged AS MATERIALIZED (
    SELECT message, bool_or(spam) AS spam, bool_and(clean) AND NOT bool_or(spam) AS clean FROM said GROUP BY message
),
judging AS MATERIALIZED (
    SELECT position, coalesce(service IN (SELECT service FROM submission), false) AS submitted FROM decisions
    WHERE service IN (SELECT service FROM submission) OR message IN (SELECT message FROM submitted)
),
named AS (
    -- where the service matters: as the relation recipients has it, of the lines that judge a recipient, else of its mail
    SELECT n.id, bool_or(j.submitted) AS submitted FROM judging j JOIN rcpt n USING (position) GROUP BY n.id
)
SELECT r.id, c.client, r.stands, CASE WHEN contains(r.sender, '@') THEN lower(split_part(r.sender, '@', -1)) END AS sender_domain, h.day,
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
