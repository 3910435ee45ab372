-- title: Deliveries that tell of trouble on this server
-- question: Which deliveries failed for a reason of this server: loops, transports, name service, files?
-- tables: failed_deliveries
-- parameters: none
-- caveats: One line per recipient and try. What other sites said of themselves is left out. Name service errors of a single foreign domain are that domain's; many domains are ours.
--   A mailbox at its limit is no trouble of files: see Mailboxes over quota.
WITH troubles AS (
    SELECT CASE WHEN regexp_matches(reason, '(?i)loops back to myself|too many hops|hopcount exceeded|mail forwarding loop|mail loop') THEN 'loop'
                WHEN regexp_matches(reason, '(?i)mail transport unavailable|unknown mail transport|mail system configuration error|local configuration error|Server configuration error') THEN 'configuration'
                WHEN regexp_matches(reason, '(?i)no space left|insufficient system storage|cannot (open|create|update|write) |unable to (create|lock)') AND daemon <> 'smtp'
                     AND NOT regexp_matches(reason, '(?i)file too large|quota exceeded') THEN 'files'
                WHEN regexp_matches(reason, '(?i)temporary lookup failure|table lookup|user lookup error|alias database|internal software error|Command died|unable to look up') THEN 'lookup'
                WHEN regexp_matches(reason, '(?i)^\(?(delivery temporarily suspended: )?(Host or domain name not found. )?Name service error.*(try again|timed out)|Host not found, try again') THEN 'name service'
                WHEN daemon <> 'smtp' AND regexp_matches(reason, '(?i)connect to .*(refused|no such file|timed out)') THEN 'transport'
           END AS trouble,
           daemon::VARCHAR AS daemon, message, recipient, reason, ts, position
    FROM failed_deliveries
    WHERE status IN ('deferred', 'bounced', 'softbounce') AND reason IS NOT NULL
      AND (daemon <> 'smtp' OR reason NOT LIKE '%said:%')
)
SELECT trouble, daemon, arg_max(reason, position) AS sample, count(*) AS lines,
       count(DISTINCT message) AS mails, count(DISTINCT lower(split_part(recipient, '@', -1))) AS domains,
       min(ts) AS first, max(ts) AS last
FROM troubles
WHERE trouble IS NOT NULL
GROUP BY 1, 2
ORDER BY lines DESC, 1, 2
