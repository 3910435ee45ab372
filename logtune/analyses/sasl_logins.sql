-- title: Logins after failures
-- question: Which clients that failed to log in submitted mail with a login afterwards?
-- tables: failures, queue
-- parameters: none
-- caveats: Kept as table `logins` for the queries on logins. A client is an address; behind NAT several people share it.
--   Logins are mails submitted after the first failure of that client.
SELECT queue.client_addr, count(*) AS logins, min(queue.sasl_username) AS login
FROM queue JOIN (SELECT client_addr, min(position) AS since FROM failures GROUP BY 1) AS f
  ON f.client_addr = queue.client_addr AND queue.position > f.since
WHERE queue.event = 'client' AND queue.sasl_username IS NOT NULL
GROUP BY 1
