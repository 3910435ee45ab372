-- title: DNS lists of postscreen
-- question: How soon do DNS lists answer after a client connected, and which gave no answer?
-- tables: notices
-- parameters: none
-- caveats: Only a list that knows the client leaves a line (src/dnsblog/dnsblog.c); quick answers that know nobody are not seen.
--   Whole seconds, as the stamps are. postscreen waits no longer than postscreen_greet_wait (6 s by default) for them.
--   "dnsblog reply timeout" and lookup errors are counted by line.
WITH connects AS (
    SELECT host, client_addr, ts, position FROM notices
    WHERE kind = 'postscreen' AND client_addr IS NOT NULL AND text LIKE 'CONNECT from %' AND ts IS NOT NULL
), listed AS (
    SELECT host, client_addr, ts, position, regexp_extract(text, 'domain (\S+)', 1) AS list FROM notices
    WHERE kind = 'dnsblog' AND ts IS NOT NULL
), timed AS (
    SELECT l.list, epoch(l.ts - c.ts) AS took
    FROM listed l ASOF JOIN connects c ON c.host = l.host AND c.client_addr = l.client_addr AND c.position <= l.position
), lost AS (
    SELECT coalesce(nullif(regexp_extract(text, 'timeout [0-9]+s for (\S+)', 1), ''), regexp_replace(regexp_extract(text, 'name=(\S+)', 1), '^([0-9]+\.){4}|^([0-9a-f]\.){32}', '')) AS list
    FROM notices
    WHERE text LIKE 'dnsblog reply timeout%' OR text LIKE '%lookup error for DNS query%' OR text LIKE '%RBL lookup error%'
)
SELECT list, sum(answers)::BIGINT AS answers, max(half) AS half, max(most) AS most, sum(lost)::BIGINT AS lost
FROM (
    SELECT list, count(*) AS answers, quantile_disc(took, 0.5) AS half, quantile_disc(took, 0.95) AS most, 0 AS lost FROM timed GROUP BY 1
    UNION ALL
    SELECT list, 0, NULL, NULL, count(*) FROM lost GROUP BY 1
)
GROUP BY 1
ORDER BY lost DESC, answers DESC, 1
