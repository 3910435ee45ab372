-- title: What each client did elsewhere in the log
-- question: How often was a client that delivers mail also listed, turned away as a relay, or wrong about recipients?
-- tables: recipients, decisions, arrivals (analyses/evidence_arrivals.sql)
-- parameters: $listed, $relaying, $unlisted the names of restrictions that tell it
-- caveats: Made once as table "client_deeds", one row per client address that has accepted mail. Counts are recipients;
--   unlisted counts distinct addresses that do not exist here. Postscreen's text names no restriction.
WITH delivering AS (
    SELECT client_addr, count(DISTINCT day) AS days, count(*) AS accepted, count(*) FILTER (WHERE spam) AS spam
    FROM arrivals WHERE client_addr IS NOT NULL GROUP BY client_addr
),
refused AS (
    SELECT r.client_addr,
           count(*) FILTER (WHERE r."by" IN (SELECT unnest($listed::VARCHAR[])) OR r."by" LIKE '%; client [ip] blocked using %') AS listed,
           count(*) FILTER (WHERE r."by" IN (SELECT unnest($relaying::VARCHAR[]))) AS relayed,
           count(DISTINCT lower(r.recipient)) FILTER (WHERE r."by" IN (SELECT unnest($unlisted::VARCHAR[]))) AS unlisted
    FROM recipients r SEMI JOIN delivering USING (client_addr)
    WHERE r.outcome IN ('rejected', 'deferred') GROUP BY r.client_addr
),
filtered AS (
    SELECT client_addr, count(*) AS spam FROM decisions
    WHERE origin IN ('milter', 'proxy') AND action = 'reject' AND protocol_state = 'END-OF-MESSAGE' AND reply_code >= 500
    GROUP BY client_addr
),
probing AS (
    SELECT client_addr, count(*) AS probes FROM recipients WHERE outcome = 'probe' GROUP BY client_addr
)
SELECT d.client_addr, d.days, d.accepted, d.spam + coalesce(f.spam, 0) AS spam, d.accepted + coalesce(f.spam, 0) AS judged,
       coalesce(r.listed, 0) AS listed, coalesce(r.relayed, 0) AS relayed, coalesce(r.unlisted, 0) AS unlisted, coalesce(p.probes, 0) AS probes
FROM delivering d LEFT JOIN refused r USING (client_addr) LEFT JOIN filtered f USING (client_addr) LEFT JOIN probing p USING (client_addr)
