-- title: Reject texts without a known restriction
-- question: Which texts of smtpd does logtune not know, so that a site should name them in its configuration?
-- tables: decisions
-- parameters: none
-- caveats: A text that several restrictions share (Access denied) is here too. The shape leaves out what stands in [..] and <..>.
--   Lines of restrictions on trial (reject_warning) are counted as well.
SELECT coalesce(reason_shape, '(no text)') AS shape,
       sum(coalesce(repeat, 1))::BIGINT AS lines,
       count(DISTINCT client_addr) AS clients,
       min(reason) AS sample,
       bool_or("object" IS NOT NULL) AS has_object,
       min(reply_code) // 100 AS reply_class
FROM decisions
WHERE restriction IS NULL AND origin = 'smtpd' AND action IN ('reject', 'reject_warning')
GROUP BY 1
ORDER BY lines DESC, 1
