-- title: Sessions with mail and without a greeting
-- question: Who gave MAIL FROM without a HELO or EHLO that counts, and how many recipients were accepted in these sessions?
-- tables: connections, recipient_facts, queue
-- parameters: none
-- caveats: Told by smtpd's counters of the disconnect line (Postfix 3.0 and later): a 503 for the missing greeting leaves no line.
--   kind: none (no greeting came), refused (none was accepted), before TLS (as many as STARTTLS commands: STARTTLS forgets a greeting, so
--   the next MAIL has none; a client that greets after STARTTLS only looks the same). mails: MAIL commands that were accepted;
--   refused: those that were not, all of them where smtpd_helo_required is on.
WITH kinds AS (
    SELECT counters, CASE WHEN greeted > 0 THEN 'before TLS' WHEN tried(counters, 'helo') + tried(counters, 'ehlo') > 0 THEN 'refused' ELSE 'none' END AS kind,
           done(counters, 'mail') AS mails, tried(counters, 'mail') - done(counters, 'mail') AS refused
    FROM (SELECT counters, done(counters, 'helo') + done(counters, 'ehlo') AS greeted FROM (SELECT DISTINCT counters FROM connections WHERE counters IS NOT NULL))
    WHERE tried(counters, 'mail') > 0 AND greeted <= done(counters, 'starttls')
), came AS (
    SELECT c.session, c.host::VARCHAR AS host, c.instance::VARCHAR AS instance, c.service::VARCHAR AS service, c.client_name, c.client_addr, c.ts, k.*
    FROM connections c JOIN kinds k USING (counters) WHERE c.event = 'disconnect'
), logins AS (
    SELECT session, true AS login FROM queue SEMI JOIN came USING (session) WHERE sasl_username IS NOT NULL GROUP BY session
), asked AS (
    SELECT session, count(*) FILTER (WHERE outcome = 'accepted') AS accepted FROM recipient_facts SEMI JOIN came USING (session) GROUP BY session
)
SELECT kind, host, instance, service, client_name, client_addr, coalesce(login, false) AS login, count(*) AS sessions, sum(mails)::BIGINT AS mails,
       sum(refused)::BIGINT AS refused, coalesce(sum(accepted), 0)::BIGINT AS accepted, min(ts) AS first, max(ts) AS last
FROM came LEFT JOIN asked USING (session) LEFT JOIN logins USING (session)
GROUP BY ALL
ORDER BY accepted DESC, sessions DESC, client_addr, kind, service, login, host, instance, client_name
