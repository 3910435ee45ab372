-- title: Rejects that tell of trouble on this server
-- question: Which rejects are due to this server itself: storage, configuration, tables, no free process?
-- tables: decision_kinds, decisions
-- parameters: none
-- caveats: Texts of smtpd and postscreen (src/smtpd/smtpd.c, smtpd_check.c, src/postscreen/postscreen.c). Lines, not recipients.
WITH shapes AS (
    SELECT DISTINCT reason_shape, lower(reason_shape) AS text FROM decision_kinds WHERE action = 'reject'
), ours AS (
    SELECT reason_shape FROM shapes
    WHERE text LIKE '%insufficient system storage%' OR text LIKE '%server configuration %'
       OR text LIKE '%temporary lookup %' OR text LIKE '%server local data error%'
       OR text LIKE '%all server ports busy%' OR text LIKE '%all screening ports busy%'
       OR text LIKE '%queue file write error%'
)
SELECT reason_shape::VARCHAR AS shape, origin::VARCHAR AS daemon, arg_max(reason, position) AS sample,
       sum(coalesce(repeat, 1))::BIGINT AS lines, min(ts) AS first, max(ts) AS last
FROM decisions SEMI JOIN ours USING (reason_shape)
WHERE action = 'reject'
GROUP BY 1, 2
ORDER BY lines DESC, 1, 2
