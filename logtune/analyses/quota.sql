-- title: Mailboxes over quota
-- question: Whose mailbox on this server is over quota, since when, how much mail does it cost, and whose mail?
-- tables: failed_deliveries, decision_kinds, deliveries, decisions, queue
-- parameters: $texts regular expression of the quota texts, $top rows
-- caveats: Overquota is a text, not a code: VDA, Dovecot and the file system each say it in their own way, and a site may change it.
--   Deliveries of smtp to other hosts are left out, but for those with a private address: the others are other sites' mailboxes.
--   Waiting: mails deferred for it and not yet removed. Bounced: also those that expired. Later: deferred, then delivered. Rejected:
--   recipients, while the client is there. Dovecot's LDA without -e sends the bounce itself: then the log says "delivered".
WITH quota_shapes AS (
    SELECT DISTINCT reason_shape FROM decision_kinds WHERE action = 'reject' AND regexp_matches(reason_shape, $texts)
), hits AS MATERIALIZED (
    SELECT lower(recipient) AS mailbox, ts, position, message, NULL AS sender, status, reason FROM failed_deliveries
    WHERE status IN ('deferred', 'bounced', 'softbounce') AND successor IS NULL
      AND (daemon <> 'smtp' OR regexp_matches(relay_addr, '^(127\.|10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|::1$|f[cd][0-9a-f]{2}:)'))
      AND regexp_matches(reason, $texts)
    UNION ALL
    SELECT lower(recipient), ts, position, NULL, sender, 'rejected', reason FROM decisions SEMI JOIN quota_shapes USING (reason_shape)
    WHERE action = 'reject' AND recipient IS NOT NULL
), mails AS (
    SELECT message, bool_or(event = 'removed') AS removed, bool_or(event = 'expired') AS expired, max(sender) AS sender
    FROM queue SEMI JOIN hits USING (message) GROUP BY message
), came_in AS (
    SELECT DISTINCT message, lower(recipient) AS mailbox, true AS later FROM deliveries SEMI JOIN hits USING (message) WHERE status = 'sent'
), told AS MATERIALIZED (
    SELECT h.*, coalesce(h.sender, m.sender) AS from_whom, coalesce(m.removed, false) AS removed, coalesce(m.expired, false) AS expired,
           coalesce(c.later, false) AS later
    FROM hits h LEFT JOIN mails m ON m.message = h.message LEFT JOIN came_in c ON c.message = h.message AND c.mailbox = h.mailbox
), mailed AS ( -- a mail has one sender; what is rejected has no mail
    SELECT mailbox, from_whom, message IS NOT NULL AS mail, min(ts) AS first, max(ts) AS last, count(*) AS lines, max(position) AS position,
           arg_max(reason, position) AS reason, count(*) FILTER (WHERE status = 'rejected') AS rejected,
           bool_or(status IN ('deferred', 'softbounce') AND NOT removed) AS waiting, bool_or(status = 'bounced' OR expired) AS bounced,
           bool_or(status <> 'bounced' AND later AND NOT expired) AS later
    FROM told GROUP BY mailbox, from_whom, message
), sent AS (
    SELECT mailbox, from_whom, min(first) AS first, max(last) AS last, sum(lines) AS lines, max(position) AS position,
           arg_max(reason, position) AS reason, sum(rejected) AS rejected,
           count(*) FILTER (WHERE mail AND waiting) AS waiting, count(*) FILTER (WHERE mail AND bounced) AS bounced,
           count(*) FILTER (WHERE mail AND later) AS later
    FROM mailed GROUP BY mailbox, from_whom
), counted AS (
    SELECT mailbox, min(first) AS first, max(last) AS last, sum(lines)::BIGINT AS lines, sum(waiting)::BIGINT AS waiting, sum(bounced)::BIGINT AS bounced,
           sum(rejected)::BIGINT AS rejected, sum(later)::BIGINT AS later, count(from_whom) AS senders,
           arg_min(from_whom, {'n': -lines, 'who': from_whom}) AS mostly, arg_max(reason, position) AS sample
    FROM sent GROUP BY mailbox
)
SELECT *,
       min(first) OVER () AS all_first, sum(waiting) OVER () AS all_waiting, sum(bounced) OVER () AS all_bounced,
       sum(rejected) OVER () AS all_rejected, count(*) OVER () AS groups
FROM counted
ORDER BY waiting + bounced + rejected DESC, lines DESC, 1
LIMIT $top
