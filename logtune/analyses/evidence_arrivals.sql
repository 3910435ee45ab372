-- title: Accepted recipients of clients that are not the site's own
-- question: Whose mail is accepted, on which local day, and what did the content filter say of it?
-- tables: recipients, messages, verdicts, days, clients (analyses/organisations.py), submission
-- parameters: $spam the filter's words for mail that nobody wants
-- caveats: Made once as table "arrivals", one row per recipient. A verdict belongs to a mail by its queue id, else by
--   the Message-ID; where a filter spoke twice of the same Message-ID, the worse word counts for both.
WITH said AS (
    SELECT message, bool_or(verdict::VARCHAR IN (SELECT unnest($spam::VARCHAR[]))) AS spam, bool_and(verdict = 'clean') AS clean
    FROM verdicts WHERE message IS NOT NULL GROUP BY message
    UNION ALL BY NAME
    SELECT m.message, bool_or(v.spam) AS spam, bool_and(v.clean) AS clean
    FROM (SELECT message_id, bool_or(verdict::VARCHAR IN (SELECT unnest($spam::VARCHAR[]))) AS spam, bool_and(verdict = 'clean') AS clean
          FROM verdicts WHERE message IS NULL AND message_id IS NOT NULL GROUP BY message_id) v
    JOIN messages m USING (message_id)
    GROUP BY m.message
),
judged AS (
    SELECT message, bool_or(spam) AS spam, bool_and(clean) AS clean FROM said GROUP BY message
)
SELECT r.id, r.client_addr, c.organisation, c.network, c.private, r.client_name IS NOT NULL AND r.client_name <> 'unknown' AS verified,
       CASE WHEN contains(r.sender, '@') THEN lower(split_part(r.sender, '@', -1)) END AS sender_domain,
       lower(split_part(r.recipient, '@', -1)) AS recipient_domain, days.day,
       coalesce(j.spam, false) AS spam, coalesce(j.clean, false) AND NOT coalesce(j.spam, false) AS clean
FROM recipients r
JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr
LEFT JOIN days ON r.ts >= days."begin" AND r.ts < days."end"
LEFT JOIN judged j ON j.message = r.message
WHERE r.outcome = 'accepted' AND NOT r.reinjected AND r.sasl_username IS NULL AND NOT c.own AND NOT c.loopback
  AND (r.service IS NULL OR r.service NOT IN (SELECT service FROM submission))
