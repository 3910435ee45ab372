-- title: Delivery attempts by transport and status
-- question: How many delivery attempts ended in which way?
-- tables: deliveries
-- parameters: none
-- caveats: One attempt per recipient and try. Apart: address verification probes (deliverable, undeliverable), which deliver nothing,
--   and hops to the site's own content filter (the mail came back as a successor), whose mail is delivered by another line.
SELECT CASE WHEN status IN ('deliverable', 'undeliverable') THEN 'probe'
            WHEN successor IS NOT NULL THEN 'filter'
            ELSE 'delivery' END AS kind,
       daemon,
       CASE status WHEN 'softbounce' THEN 'bounced (soft)' ELSE coalesce(status, '(not logged)') END AS status,
       sum(coalesce(repeat, 1))::BIGINT AS attempts
FROM deliveries
GROUP BY ALL
ORDER BY attempts DESC, 1, 2, 3
