-- title: Rejects that tell of trouble on this server
-- question: Which rejects are due to this server itself: storage, configuration, tables, no free process?
-- tables: decisions
-- parameters: none
-- caveats: Texts of smtpd and postscreen (src/smtpd/smtpd.c, smtpd_check.c, src/postscreen/postscreen.c). Lines, not recipients.
WITH shapes AS ( -- few: the patterns are looked for in these alone
    SELECT DISTINCT reason_shape FROM decisions WHERE action = 'reject'
), ours AS (
    SELECT reason_shape FROM shapes
    WHERE reason_shape ILIKE '%insufficient system storage%' OR reason_shape ILIKE '%server configuration %'
       OR reason_shape ILIKE '%temporary lookup %' OR reason_shape ILIKE '%server local data error%'
       OR reason_shape ILIKE '%all server ports busy%' OR reason_shape ILIKE '%all screening ports busy%'
       OR reason_shape ILIKE '%queue file write error%'
)
SELECT reason_shape::VARCHAR AS shape, origin::VARCHAR AS daemon, arg_max(reason, position) AS sample,
       sum(coalesce(repeat, 1))::BIGINT AS lines, min(ts) AS first, max(ts) AS last
FROM decisions SEMI JOIN ours USING (reason_shape)
WHERE action = 'reject'
GROUP BY 1, 2
ORDER BY lines DESC, 1
