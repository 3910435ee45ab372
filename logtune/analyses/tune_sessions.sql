-- title: Sessions without a greeting, and VRFY
-- question: How many sessions gave no HELO, how many of their recipients were accepted, and who asked for VRFY?
-- tables: sessions, recipients
-- parameters: none
-- caveats: Only sessions whose disconnect line has smtpd's command counters (Postfix 3.0) can be counted.
SELECT count(*) FILTER (WHERE s.counters IS NOT NULL) AS counted,
       count(*) FILTER (WHERE s.greetings = 0 AND s.mail > 0) AS without_helo,
       (SELECT count(*) FROM recipients r WHERE r.outcome = 'accepted'
        AND r.session IN (SELECT session FROM sessions WHERE greetings = 0 AND mail > 0)) AS accepted_without_helo,
       coalesce(sum(tried(s.counters, 'vrfy')), 0)::BIGINT AS vrfy,
       coalesce(sum(done(s.counters, 'vrfy')), 0)::BIGINT AS vrfy_answered,
       count(DISTINCT s.client_addr) FILTER (WHERE tried(s.counters, 'vrfy') > 0) AS vrfy_clients
FROM sessions s
