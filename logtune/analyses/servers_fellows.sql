-- title: Hosts that hand mail to each other
-- question: Under which addresses do hosts of this log come to each other as clients?
-- tables: deliveries, queue
-- parameters: none
-- caveats: Told from the queue id that the next host said it gave, and that host's own client line within two minutes: the names of
--   hosts in a log are often short and fit many clients. Mail handed on is in the log twice, and so is its session.
SELECT d.host::VARCHAR AS "from", q.host::VARCHAR AS "to", q.client_addr, count(*) AS mails
FROM deliveries d JOIN queue q ON q.queue_id = d.queued_as AND q.event = 'client' AND q.host <> d.host
WHERE d.status = 'sent' AND q.client_addr NOT LIKE '127.%' AND q.client_addr <> '::1' AND abs(epoch(q.ts) - epoch(d.ts)) <= 120
GROUP BY ALL
ORDER BY mails DESC, 1, 2, 3
