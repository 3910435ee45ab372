-- title: Deliveries by host
-- question: How long do deliveries of each host take, and how many must be tried again?
-- tables: deliveries
-- parameters: none
-- caveats: Lines, one per recipient and try. The delay is the mail's, from its arrival to the end of the try that worked. Hand-overs to a
--   content filter on the same host are left out.
SELECT host::VARCHAR AS host,
       count(*) FILTER (WHERE status = 'sent') AS sent,
       count(*) FILTER (WHERE status IN ('deferred', 'softbounce')) AS deferred,
       count(*) FILTER (WHERE status IN ('bounced', 'expired')) AS bounced,
       quantile_cont(delay, 0.5) FILTER (WHERE status = 'sent') AS median,
       quantile_cont(delay, 0.95) FILTER (WHERE status = 'sent') AS p95
FROM deliveries
WHERE successor IS NULL AND status NOT IN ('deliverable', 'undeliverable')
GROUP BY 1
ORDER BY 1
