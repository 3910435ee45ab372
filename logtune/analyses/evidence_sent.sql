-- title: Mail that the site's own users sent
-- question: To which domains and relays did authorized clients and local users send mail, and on which local days?
-- tables: message_facts, queue, deliveries, flags, days, clients (analyses/organisations.py), submission (the site's own services)
-- parameters: none
-- caveats: Made once as table "own_sent", one row per mail, domain and relay. Bounces and automatic answers have the
--   empty sender and are left out. What a content filter put back is followed. A mail from loopback without a login may
--   be anybody's mail that a filter put back, so it does not count. A mail counts by its day of delivery.
WITH RECURSIVE submitted AS (
    SELECT message FROM queue
    SEMI JOIN (SELECT message FROM queue WHERE event = 'client' AND service IN (SELECT service FROM submission)) USING (message)
    WHERE event = 'client' GROUP BY message HAVING arg_min(service, position) IN (SELECT service FROM submission)
),
own AS (
    SELECT m.message AS mail, m.message
    FROM message_facts m
    LEFT JOIN clients c ON c.client_name IS NOT DISTINCT FROM m.client_name AND c.client_addr IS NOT DISTINCT FROM m.client_addr
    WHERE (SELECT count(*) FROM flags) > 0 AND m.predecessor IS NULL AND m.sender <> ''
      AND (m.sasl_username IS NOT NULL OR m.via = 'pickup' OR c.own AND NOT c.loopback OR m.message IN (SELECT message FROM submitted))
    UNION
    SELECT o.mail, d.successor FROM own o JOIN deliveries d ON d.message = o.message WHERE d.successor IS NOT NULL
)
SELECT DISTINCT o.mail, lower(split_part(d.recipient, '@', -1)) AS domain, d.relay_addr, days.day
FROM own o
JOIN deliveries d ON d.message = o.message
LEFT JOIN days ON d.ts >= days."begin" AND d.ts < days."end"
WHERE d.daemon = 'smtp' AND d.status = 'sent' AND d.successor IS NULL AND contains(d.recipient, '@')
  AND d.relay_addr NOT IN ('127.0.0.1', '::1')
  -- domains for which strangers' mail is accepted are the site's own: a forged sender in them proves nothing
  AND lower(split_part(d.recipient, '@', -1)) NOT IN (SELECT domain FROM own_domains)
