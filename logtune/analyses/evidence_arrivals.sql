-- title: Accepted recipients of clients that are not the site's own
-- question: Whose mail is accepted, on which local day, and what did the content filter say of it?
-- tables: recipient_facts, rcpt, flags, decisions, deliveries, queue, verdicts, days, clients (analyses/organisations.py), submission
-- parameters: $spam the filter's words for mail that nobody wants
-- caveats: Made once as table "arrivals", one row per recipient. A verdict belongs to a mail by its queue id, else by
--   the Message-ID; where a filter spoke twice of the same Message-ID, the worse word counts for both.
WITH words AS (
    SELECT host::VARCHAR AS host, position, queue_id, message_id,
           coalesce(verdict::VARCHAR IN (SELECT unnest($spam::VARCHAR[])), false) AS spam, coalesce(verdict = 'clean', false) AS clean
    FROM verdicts WHERE (SELECT count(*) FROM flags) > 0
),
lives AS (
    -- joined by numbers, and only what is spoken of: texts of all mails are what takes time
    SELECT DISTINCT message, host::VARCHAR AS host, queue_id
    FROM (SELECT message, host, queue_id FROM queue UNION ALL SELECT message, host, queue_id FROM decisions
          UNION ALL SELECT message, host, queue_id FROM deliveries)
    SEMI JOIN words USING (queue_id) WHERE message IS NOT NULL
),
spoken AS (
    -- the last mail of that queue id before the filter spoke; filters log under names of their own, so host and id are the key
    SELECT w.position, w.message_id, w.spam, w.clean, max(l.message) AS message
    FROM words w JOIN lives l ON l.queue_id = w.queue_id AND l.host = w.host AND l.message <= w.position GROUP BY ALL
),
nameless AS (
    SELECT message_id, bool_or(spam) AS spam, bool_and(clean) AS clean FROM words
    WHERE queue_id IS NULL AND message_id IS NOT NULL GROUP BY message_id
),
named_mails AS (
    SELECT message, arg_min(message_id, position) AS message_id FROM queue
    SEMI JOIN (SELECT message FROM spoken WHERE message_id IS NOT NULL
               UNION SELECT message FROM queue SEMI JOIN nameless USING (message_id)) USING (message)
    WHERE event = 'message_id' GROUP BY message
),
said AS (
    SELECT s.message, s.spam, s.clean FROM spoken s LEFT JOIN named_mails m USING (message)
    WHERE s.message_id IS NULL OR m.message_id IS NULL OR m.message_id = s.message_id
    UNION ALL BY NAME
    SELECT m.message, w.spam, w.clean FROM nameless w JOIN named_mails m USING (message_id)
),
judged AS (
    SELECT message, bool_or(spam) AS spam, bool_and(clean) AS clean FROM said GROUP BY message
),
asked AS (
    SELECT r.id, r.message, r.ts, r.client_name, r.client_addr, r.sender, r.stands, c.organisation, c.network, c.private
    FROM recipient_facts r
    JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr
    WHERE (SELECT count(*) FROM flags) > 0 -- nothing is asked where nothing is on trial
      AND r.outcome = 'accepted' AND NOT r.reinjected AND r.sasl_username IS NULL AND NOT c.own AND NOT c.loopback
),
-- service and address as the relation recipients has them: of the lines that judge a recipient, else of its mail and delivery
named AS (
    SELECT n.id, any_value(d.service) AS service, any_value(d.recipient) AS recipient
    FROM decisions d JOIN rcpt n USING (position) SEMI JOIN (FROM asked WHERE NOT stands) a ON a.id = n.id
    GROUP BY n.id
),
delivered AS (
    SELECT position AS id, coalesce(orig_recipient, recipient) AS recipient FROM deliveries SEMI JOIN asked ON asked.id = position
),
mails AS (
    SELECT message, arg_min(service, position) AS service FROM queue
    SEMI JOIN (FROM asked ANTI JOIN named USING (id)) USING (message) WHERE event = 'client' GROUP BY message
)
SELECT r.id, r.client_addr, r.organisation, r.network, r.private, r.client_name IS NOT NULL AND r.client_name <> 'unknown' AS verified,
       CASE WHEN contains(r.sender, '@') THEN lower(split_part(r.sender, '@', -1)) END AS sender_domain,
       lower(split_part(CASE WHEN NOT r.stands THEN coalesce(n.recipient, d.recipient) END, '@', -1)) AS recipient_domain, days.day,
       coalesce(j.spam, false) AS spam, coalesce(j.clean, false) AND NOT coalesce(j.spam, false) AS clean
FROM asked r
LEFT JOIN named n USING (id)
LEFT JOIN delivered d USING (id)
LEFT JOIN mails m ON m.message = r.message
LEFT JOIN days ON r.ts >= days."begin" AND r.ts < days."end"
LEFT JOIN judged j ON j.message = r.message
WHERE CASE WHEN n.id IS NULL THEN m.service ELSE n.service END IS NULL
   OR CASE WHEN n.id IS NULL THEN m.service ELSE n.service END NOT IN (SELECT service FROM submission)
