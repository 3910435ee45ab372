-- title: How long small mails take into the queue
-- question: How long is stage a for mails so small that the line to the client hardly matters, by who brought them?
-- tables: attempts, deliveries, queue
-- parameters: $small bytes
-- caveats: as Delivery attempts with their kind of try; one row per mail and size, the first try of its first transaction. Stage a of a mail
--   from a client begins at MAIL FROM and holds the client's pauses, restrictions, milters and before-queue filters besides the disk;
--   that of a notice (bounce, delay) holds cleanup and the disk alone. Mails by sendmail(1) wait for pickup and are left out.
WITH mails AS (
    SELECT message, max(size) AS size, bool_or(event = 'client') AS by_client, bool_or(event = 'pickup') AS by_pickup
    FROM queue WHERE message IS NOT NULL AND event IN ('active', 'client', 'pickup') GROUP BY message
), first_tries AS (
    SELECT d.message, arg_min(a.a, a.position) AS a
    FROM attempts a JOIN (SELECT position, message FROM deliveries) d USING (position)
    WHERE a.leads AND a.try IN ('first', 'first, deferred') AND a.a IS NOT NULL
    GROUP BY 1
)
SELECT CASE WHEN by_client THEN 'clients' ELSE 'notices and forwarded mail' END AS via, count(*) AS mails,
       quantile_disc(a, [0.5, 0.95, 0.99]) AS a, max(a) AS slowest
FROM first_tries JOIN mails USING (message)
WHERE size < $small AND NOT by_pickup
GROUP BY 1
ORDER BY mails DESC, 1
