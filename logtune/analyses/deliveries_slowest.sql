-- title: The slowest first tries
-- question: Which deliveries took longest at the first try, and in which stage?
-- tables: attempts, deliveries
-- parameters: $top rows
-- caveats: One row per transaction, with its first recipient. `logtune lines POSITION` shows the raw line.
SELECT ts, recipient, relay, daemon, delay, a, b, c, d, position
FROM attempts JOIN (SELECT position, recipient, coalesce(relay_name, relay, '(not logged)') AS relay FROM deliveries) USING (position)
WHERE try = 'first' AND leads AND NOT hop
ORDER BY delay DESC, position
LIMIT $top
