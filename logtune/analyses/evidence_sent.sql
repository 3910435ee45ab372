-- title: Mail that the site's own users sent
-- question: To which domains and relays did authorized clients and local users send mail, and on which local days?
-- tables: message_facts, deliveries, flags, clients (analyses/organisations.py), hours, submitted, own_domains
--   (analyses/evidence_hours.sql, evidence_submitted.sql, evidence_own_domains.sql)
-- parameters: none
-- caveats: Made once as table "own_sent", one row per delivery. Bounces and automatic answers have the
--   empty sender and are left out. What a content filter put back is followed. A mail from loopback without a login may
--   be anybody's mail that a filter put back, so it does not count. A mail counts by its day of delivery.
WITH RECURSIVE hops AS MATERIALIZED (
    SELECT message, successor FROM deliveries WHERE successor IS NOT NULL
),
networks AS (
    SELECT client_name, client_addr FROM clients WHERE own AND NOT loopback
),
own AS MATERIALIZED (
    SELECT m.message
    FROM message_facts m
    WHERE (SELECT count(*) FROM flags) > 0 AND m.predecessor IS NULL AND m.sender <> ''
      AND (m.sasl_username IS NOT NULL OR m.via = 'pickup' OR m.message IN (SELECT message FROM submitted)
           OR m.message IN (SELECT f.message FROM message_facts f JOIN networks n
                            ON n.client_name IS NOT DISTINCT FROM f.client_name AND n.client_addr IS NOT DISTINCT FROM f.client_addr))
),
onward AS (
    SELECT h.message AS mail, h.successor AS message FROM hops h SEMI JOIN own USING (message)
    UNION
    SELECT o.mail, h.successor FROM onward o JOIN hops h USING (message)
),
sent AS (
    SELECT o.mail, lower(split_part(d.recipient, '@', -1)) AS domain, d.relay_addr, d.ts
    FROM (SELECT message AS mail, message FROM own UNION ALL FROM onward) o
    JOIN (SELECT message, ts, recipient, relay_addr FROM deliveries
          WHERE daemon = 'smtp' AND status = 'sent' AND successor IS NULL AND relay_addr NOT IN ('127.0.0.1', '::1') AND contains(recipient, '@')) d
        USING (message)
)
SELECT s.mail, s.domain, s.relay_addr, h.day
FROM sent s LEFT JOIN hours h ON h.hour = date_trunc('hour', s.ts) AND s.ts >= h."begin" AND s.ts < h."end"
-- domains for which strangers' mail is accepted are the site's own: a forged sender in them proves nothing
WHERE s.domain NOT IN (SELECT domain FROM own_domains)
