-- title: VRFY by client
-- question: Which clients ask with VRFY whether addresses exist, and are they answered?
-- tables: connections, decisions
-- parameters: none
-- caveats: Asked and answered are smtpd's counters of the disconnect line (Postfix 3.0 and later). An answer of 252 tells no more than that
--   no restriction rejects the address. Refused and logged: reject: VRFY. The rest is refused without a line: disable_vrfy_command = yes
--   (502), or a syntax error. Older logs and sessions without a disconnect line have the logged ones alone.
WITH counted AS (
    SELECT counters, tried(counters, 'vrfy') AS asked, done(counters, 'vrfy') AS answered
    FROM (SELECT DISTINCT counters FROM connections WHERE counters LIKE '%vrfy=%')
), asked AS (
    SELECT client_name, client_addr, count(*) AS sessions, sum(asked)::BIGINT AS asked, sum(answered)::BIGINT AS answered, min(ts) AS first, max(ts) AS last
    FROM connections JOIN counted USING (counters) GROUP BY ALL
), refused AS (
    SELECT client_name, client_addr, sum(coalesce(repeat, 1))::BIGINT AS logged, min(ts) AS first, max(ts) AS last
    FROM decisions WHERE protocol_state = 'VRFY' AND action = 'reject' GROUP BY ALL
)
SELECT client_name, client_addr, coalesce(sessions, 0) AS sessions,
       greatest(coalesce(asked, 0), coalesce(answered, 0) + coalesce(logged, 0)) AS asked, coalesce(answered, 0) AS answered, coalesce(logged, 0) AS logged,
       least(a.first, r.first) AS first, greatest(a.last, r.last) AS last
FROM asked a FULL JOIN refused r USING (client_name, client_addr)
ORDER BY 4 DESC, client_addr, client_name
