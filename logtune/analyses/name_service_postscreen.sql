-- title: How long postscreen keeps clients
-- question: How many seconds pass from a client's connection to postscreen's word that it passes?
-- tables: notices
-- parameters: none
-- caveats: Whole seconds. The connection before the PASS line of the same address; PASS OLD is a client whose tests are remembered.
WITH connects AS (
    SELECT host, client_addr, ts, position FROM notices
    WHERE kind = 'postscreen' AND client_addr IS NOT NULL AND text LIKE 'CONNECT from %' AND ts IS NOT NULL
), passed AS (
    SELECT host, client_addr, ts, position, substr(text, 1, 8) AS word FROM notices
    WHERE kind = 'postscreen' AND client_addr IS NOT NULL AND (text LIKE 'PASS NEW %' OR text LIKE 'PASS OLD %') AND ts IS NOT NULL
)
SELECT word, count(*) AS clients, quantile_disc(epoch(p.ts - c.ts), [0.5, 0.95]) AS took, max(epoch(p.ts - c.ts)) AS slowest
FROM passed p ASOF JOIN connects c ON c.host = p.host AND c.client_addr = p.client_addr AND c.position <= p.position
GROUP BY 1
ORDER BY 1
