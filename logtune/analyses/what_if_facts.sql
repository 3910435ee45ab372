-- title: What the log tells about each recipient
-- question: By what greeting, name and address did the client of each recipient come, logged in or not, with a reverse name or not?
-- tables: notices, connections. Relations: recipients, sessions
-- parameters: none
-- caveats: smtpd warns of a reverse name that does not lead back just before the connect line of that process
--   (smtpd_peer.c); where it does not warn and the name is unknown, the address has no name or the name server did not
--   answer. A login is one of the session: the log does not tell which mail came before it. Recipients that postscreen
--   rejected and mail that a content filter put back are left out: other lists judge them.
WITH forged AS (
    SELECT c.session
    FROM (SELECT host, pid, position, client_addr FROM notices WHERE kind = 'warning' AND text LIKE 'hostname % does not resolve to address %') n
    ASOF JOIN (SELECT host, pid, position, session, client_addr FROM connections WHERE event = 'connect') c
        ON n.host = c.host AND n.pid = c.pid AND n.position <= c.position
    WHERE c.client_addr = n.client_addr
)
SELECT r.id, CASE WHEN r.stands AND r.message IS NOT NULL THEN r.message ELSE r.id END AS position, r.service, r.outcome,
       r.helo, r.client_name, r.client_addr,
       r.sasl_username IS NOT NULL OR s.sasl_username IS NOT NULL OR coalesce(done(s.counters, 'auth') > 0, false) AS authenticated,
       CASE WHEN r.client_name <> 'unknown' OR r.session IN (SELECT session FROM forged) THEN true
            WHEN r.client_name = 'unknown' AND s.connect_ts IS NOT NULL THEN false END AS reverse
FROM recipients r LEFT JOIN sessions s USING (session)
WHERE r.session IS NOT NULL AND NOT coalesce(r.reinjected, false)
