-- title: What each client did elsewhere in the log
-- question: How often was a client that delivers mail also listed, turned away as a relay, or wrong about recipients?
-- tables: recipient_facts, decisions, deliveries, clients (analyses/organisations.py), alike (analyses/evidence.py)
-- parameters: $listed, $relaying, $unlisted the names of restrictions that tell it
-- caveats: Made once as table "client_deeds", one row per client address that has accepted mail. Counts are recipients;
--   unlisted counts distinct addresses that do not exist here. Postscreen's text names no restriction.
WITH delivering AS (
    SELECT client_addr, count(DISTINCT day) AS days, sum(accepted)::BIGINT AS accepted, sum(spam)::BIGINT AS spam
    FROM (SELECT client, day, sum(recipients) AS accepted, coalesce(sum(recipients) FILTER (WHERE spam), 0) AS spam FROM alike GROUP BY client, day)
    JOIN clients USING (client) WHERE client_addr IS NOT NULL GROUP BY client_addr
),
refused AS (
    SELECT r.id, r.client_addr, r.stands, r."by" IN (SELECT unnest($listed::VARCHAR[])) OR r."by" LIKE '%; client [ip] blocked using %' AS listed,
           r."by" IN (SELECT unnest($relaying::VARCHAR[])) AS relayed, r."by" IN (SELECT unnest($unlisted::VARCHAR[])) AS unlisted
    FROM recipient_facts r SEMI JOIN delivering USING (client_addr)
    WHERE r.outcome IN ('rejected', 'deferred')
),
wrong AS (
    SELECT id, client_addr FROM refused WHERE unlisted AND NOT stands
),
decided AS MATERIALIZED (
    -- an id is the position of the first line that names the recipient: mostly a decision, so deliveries are seldom read
    SELECT position AS id, lower(recipient) AS recipient FROM decisions SEMI JOIN wrong ON wrong.id = position
),
addresses AS (
    -- as the relation recipients has them
    FROM decided
    UNION ALL
    SELECT position, lower(coalesce(orig_recipient, recipient)) FROM deliveries SEMI JOIN (FROM wrong ANTI JOIN decided USING (id)) w ON w.id = position
),
turned_away AS (
    SELECT client_addr, count(*) FILTER (WHERE listed) AS listed, count(*) FILTER (WHERE relayed) AS relayed FROM refused GROUP BY client_addr
),
unlisted AS (
    SELECT client_addr, count(DISTINCT a.recipient) AS unlisted FROM wrong JOIN addresses a USING (id) GROUP BY client_addr
),
filtered AS (
    SELECT client_addr, count(*) AS spam FROM decisions
    WHERE origin IN ('milter', 'proxy') AND action = 'reject' AND protocol_state = 'END-OF-MESSAGE' AND reply_code >= 500
    GROUP BY client_addr
),
probing AS (
    SELECT client_addr, count(*) AS probes FROM recipient_facts WHERE outcome = 'probe' GROUP BY client_addr
)
SELECT d.client_addr, d.days, d.accepted, d.spam + coalesce(f.spam, 0) AS spam, d.accepted + coalesce(f.spam, 0) AS judged,
       coalesce(r.listed, 0) AS listed, coalesce(r.relayed, 0) AS relayed, coalesce(u.unlisted, 0) AS unlisted, coalesce(p.probes, 0) AS probes
FROM delivering d LEFT JOIN turned_away r USING (client_addr) LEFT JOIN unlisted u USING (client_addr) LEFT JOIN filtered f USING (client_addr) LEFT JOIN probing p USING (client_addr)
