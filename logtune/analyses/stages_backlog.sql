-- title: Deliveries at the same moment while mail waited
-- question: While mail for a destination waited in the queue manager, how many deliveries to it ran at the same moment on average?
-- tables: attempts, deliveries
-- parameters: $transport, $domain, $waited seconds in stage b from which a mail waited
-- caveats: Little's law: the seconds that deliveries took (c + d), over the seconds from the first to the last of them. Stamps are whole
--   seconds, so a span under ten seconds says nothing and gives null.
SELECT count(*) AS tries, CASE WHEN epoch(max(ts) - min(ts)) >= 10 THEN summed(c + d) / epoch(max(ts) - min(ts)) END AS at_once
FROM attempts JOIN (SELECT position, recipient FROM deliveries) USING (position)
WHERE try = 'first' AND leads AND b >= $waited AND lower(split_part(recipient, '@', -1)) = $domain
  AND CASE WHEN hop THEN daemon || ' to the filter' ELSE daemon END = $transport
