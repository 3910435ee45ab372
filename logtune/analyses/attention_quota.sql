-- title: Mailboxes over quota
-- question: Whose mailbox on this server is over quota, since when, and how much mail does it cost?
-- tables: deliveries, decisions, queue
-- parameters: $texts regular expression of the quota texts, $top rows
-- caveats: Overquota is a text, not a code: VDA, Dovecot and the file system each say it in their own way, and a site may change it.
--   Deliveries of smtp to other hosts are left out: those are other sites' mailboxes. Waiting: mails deferred for it and not yet removed.
WITH shapes AS MATERIALIZED ( -- few: the texts are looked for in these alone
    SELECT DISTINCT reason_shape FROM decisions WHERE action = 'reject'
), quota_shapes AS (
    SELECT reason_shape FROM shapes WHERE regexp_matches(reason_shape, $texts)
), hits AS (
    SELECT recipient, ts, position, message, status::VARCHAR AS status, reason FROM deliveries
    WHERE status IN ('deferred', 'bounced', 'softbounce') AND successor IS NULL
      AND (daemon <> 'smtp' OR relay_addr LIKE '127.%' OR relay_addr = '::1')
      AND regexp_matches(reason, $texts)
    UNION ALL
    SELECT recipient, ts, position, NULL, 'rejected', reason FROM decisions SEMI JOIN quota_shapes USING (reason_shape)
    WHERE action = 'reject' AND recipient IS NOT NULL
), removed AS (
    SELECT DISTINCT message FROM queue SEMI JOIN hits USING (message) WHERE event = 'removed'
)
SELECT lower(recipient) AS mailbox, min(ts) AS first, max(ts) AS last, count(*) AS lines,
       count(DISTINCT hits.message) FILTER (WHERE status = 'deferred' AND removed.message IS NULL) AS waiting,
       count(DISTINCT hits.message) FILTER (WHERE status = 'bounced') AS bounced,
       count(*) FILTER (WHERE status = 'rejected') AS rejected,
       arg_max(reason, position) AS sample,
       count(*) OVER () AS groups
FROM hits LEFT JOIN removed ON removed.message = hits.message
GROUP BY 1
ORDER BY waiting + bounced + rejected DESC, 1
LIMIT $top
