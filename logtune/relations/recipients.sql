-- Recipients: one row per RCPT TO of one mail in one session, with outcome and fate (docs/relations.md).
-- Tables: decisions, deliveries. Relations: sessions, messages, rcpt.
-- A recipient is known from the lines that judge it and from the deliveries of its mail. Where the log shows none
-- (refused greeting, DATA stage, mail that went no further) the mail stands for it, with recipient null.
-- Caveats: an accepted recipient is rejected if any line really rejected it, also where a later try in the same
-- mail succeeded. Fate follows re-injection by address: the filter may not rewrite recipients.
WITH RECURSIVE
lines AS (
    SELECT r.id, d.* EXCLUDE (host, instance, service, action, origin, restriction, protocol_state),
           d.host::VARCHAR AS host, d.instance::VARCHAR AS instance, d.service::VARCHAR AS service,
           d.action::VARCHAR AS action, d.origin::VARCHAR AS origin, d.restriction::VARCHAR AS restriction,
           d.protocol_state::VARCHAR AS protocol_state
    FROM decisions d JOIN rcpt r USING (position)
),
judged AS (
    SELECT id, any_value(session) AS session, any_value(message) AS message, min(ts) AS ts,
           any_value(host) AS host, any_value(instance) AS instance, any_value(service) AS service, any_value(pid) AS pid,
           max(queue_id) AS queue_id, arg_max(client_name, position) AS client_name,
           arg_max(client_addr, position) AS client_addr, arg_max(helo, position) AS helo,
           any_value(sender) AS sender, any_value(recipient) AS recipient, max(sasl_username) AS sasl_username,
           arg_min(coalesce(restriction, reason_shape::VARCHAR), position) FILTER (WHERE action IN ('reject', 'hangup')) AS refused_by,
           arg_min(coalesce(reply_code, TRY_CAST(substr(dsn, 1, 1) AS INT) * 100 + 50), position) FILTER (WHERE action IN ('reject', 'hangup')) AS by_code,
           arg_min(protocol_state, position) FILTER (WHERE action IN ('reject', 'hangup')) AS by_state,
           bool_or(action IN ('reject', 'hangup')) AS refused
    FROM lines GROUP BY id
),
shown AS (
    -- recipients that only the deliveries show; an alias stands once, by the address that was given in RCPT TO
    SELECT min(d.position) AS id, d.message, m.session, min(coalesce(d.orig_recipient, d.recipient)) AS recipient, min(d.ts) AS ts
    FROM deliveries d JOIN messages m USING (message)
    WHERE m.via = 'smtpd' AND m.session IS NOT NULL
    GROUP BY d.message, m.session, lower(coalesce(d.orig_recipient, d.recipient))
    HAVING NOT EXISTS (FROM judged j WHERE j.message = d.message AND NOT j.refused
                       AND list_contains(list(lower(d.recipient)) || list(lower(d.orig_recipient)), lower(j.recipient)))
),
mails AS (
    -- how many accepted recipients the lines show of each mail that came by smtpd; judged: any line names a recipient
    SELECT m.message, m.session, coalesce(j.taken, 0) + coalesce(d.n, 0) AS taken, j.message IS NOT NULL AS judged, m.aborted,
           EXISTS (FROM deliveries x WHERE x.message = m.message) AS tried
    FROM messages m
    LEFT JOIN (SELECT message, count(*) FILTER (WHERE by_state IS DISTINCT FROM 'RCPT') AS taken FROM judged GROUP BY message) j USING (message)
    LEFT JOIN (SELECT message, count(*) AS n FROM shown GROUP BY message) d USING (message)
    WHERE m.via = 'smtpd' AND m.session IS NOT NULL
),
uncounted AS (
    -- what smtpd counted as accepted recipients of a session, less those that are shown and one of each mail that shows none
    SELECT m.session, (any_value(done(s.counters, 'rcpt')) - sum(m.taken) - count(*) FILTER (WHERE m.taken = 0 AND NOT m.judged))::BIGINT AS n,
           min(m.message) FILTER (WHERE NOT m.tried) AS mail,
           count(DISTINCT m.aborted) FILTER (WHERE NOT m.tried) > 1 AS unsure
    FROM mails m JOIN sessions s USING (session)
    WHERE s.connect_ts IS NOT NULL AND s.counters IS NOT NULL GROUP BY m.session
),
delivered AS (
    -- Postfix adds recipients itself (always_bcc and the like): more than smtpd accepted. Those that
    -- stand in most mails go first, then the last ones of a mail
    SELECT s.* EXCLUDE (session)
    FROM (SELECT *, n = max(n) OVER () AS frequent FROM (SELECT *, count(*) OVER (PARTITION BY lower(recipient)) AS n FROM shown)) s
    LEFT JOIN uncounted u USING (session)
    QUALIFY coalesce(u.n >= 0, true) OR row_number() OVER (PARTITION BY session ORDER BY frequent DESC, id DESC) > -u.n
),
mail_refused AS (
    -- a whole mail refused at DATA, at its end, by header and body checks, a milter or the before-queue filter
    SELECT message, arg_min(coalesce(restriction::VARCHAR, CASE WHEN part IS NOT NULL THEN part::VARCHAR || '_checks' ELSE reason_shape::VARCHAR END, origin::VARCHAR), position) AS refused_by,
           arg_min(coalesce(reply_code, TRY_CAST(substr(dsn, 1, 1) AS INT) * 100 + 50, 550), position) AS by_code
    FROM decisions
    WHERE message IS NOT NULL AND action IN ('reject', 'hangup') AND (protocol_state IS NULL OR protocol_state NOT IN ('MAIL', 'RCPT'))
    GROUP BY message
    UNION ALL
    -- 552 and 451 that smtpd gives without a reject line (smtpd.c, cleanup_strerror.c)
    SELECT message, any_value(text) AS refused_by, CASE WHEN any_value(text) LIKE '%not accepted%' THEN 451 ELSE 552 END AS by_code
    FROM notices
    WHERE message IS NOT NULL AND (text = 'queue file size limit exceeded' OR text LIKE 'BDAT request from % exceeds message size limit'
                                   OR text LIKE '%message not accepted, try again later')
      AND message NOT IN (SELECT message FROM decisions WHERE message IS NOT NULL AND action IN ('reject', 'hangup')
                                                          AND (protocol_state IS NULL OR protocol_state NOT IN ('MAIL', 'RCPT')))
    GROUP BY message
),
mail_stands AS (
    -- mails of which no line names a recipient, and the recipients that only smtpd's counters tell of. No more than 60 of
    -- a mail: an id must not reach the next line. unsure: they may be of a mail that was given up, or of one that was not.
    SELECT m.message + i AS id, m.session, m.message, m.first_ts AS ts, m.sender, i > 0 AND coalesce(u.unsure, false) AS unsure
    FROM messages m JOIN mails n USING (message)
    LEFT JOIN uncounted u ON u.mail = m.message AND u.n > 0,
    LATERAL (SELECT unnest(range(CASE WHEN n.taken = 0 AND NOT n.judged THEN 0 ELSE 1 END, 1 + least(coalesce(u.n, 0), 60))) AS i)
),
command_refused AS (
    -- CONNECT, greeting or MAIL really refused (smtpd_delay_reject = no): the mail never came as far as a recipient
    SELECT min(position) AS id, session, min(ts) AS ts, any_value(host)::VARCHAR AS host, any_value(instance)::VARCHAR AS instance,
           any_value(service)::VARCHAR AS service, any_value(pid) AS pid, any_value(client_name) AS client_name,
           any_value(client_addr) AS client_addr, any_value(helo) AS helo, any_value(sender) AS sender, max(sasl_username) AS sasl_username,
           arg_min(coalesce(restriction::VARCHAR, reason_shape::VARCHAR), position) AS refused_by, arg_min(reply_code, position) AS by_code,
           any_value(protocol_state)::VARCHAR AS protocol_state
    FROM decisions
    WHERE action IN ('reject', 'hangup') AND protocol_state IN ('CONNECT', 'HELO', 'EHLO', 'MAIL') AND session IS NOT NULL AND message IS NULL
    GROUP BY session, sender
),
stopped AS (
    SELECT c.* FROM command_refused c
    WHERE c.protocol_state = 'MAIL'
       OR NOT EXISTS (FROM judged j WHERE j.session = c.session)
      AND NOT EXISTS (FROM messages m WHERE m.session = c.session)
      AND NOT EXISTS (FROM command_refused o WHERE o.session = c.session AND o.id < c.id)
),
known AS (
    SELECT id, session, message, ts, host, instance, service, pid, queue_id, client_name, client_addr, helo, sender, recipient,
           sasl_username, refused_by, by_code, by_state, refused, false AS stands FROM judged
    UNION ALL BY NAME
    SELECT d.id, m.session, d.message, d.ts, m.host, m.instance, m.service, m.queue_id, m.client_name, m.client_addr, m.sender,
           d.recipient, m.sasl_username, false AS refused, false AS stands
    FROM delivered d JOIN messages m USING (message)
    UNION ALL BY NAME
    SELECT s.id, s.session, s.message, s.ts, m.host, m.instance, m.service, m.queue_id, m.client_name, m.client_addr, s.sender,
           m.sasl_username, false AS refused, true AS stands, s.unsure
    FROM mail_stands s JOIN messages m USING (message)
    UNION ALL BY NAME
    SELECT id, session, ts, host, instance, service, pid, client_name, client_addr, helo, sender, sasl_username, refused_by, by_code,
           true AS refused, true AS stands FROM stopped
),
mail_helo AS (
    SELECT message, arg_max(helo, position) AS helo FROM decisions WHERE message IS NOT NULL AND helo IS NOT NULL GROUP BY message
),
greeted AS (
    -- the only greeting of a session is known from any of its lines
    SELECT session, any_value(helo) AS helo FROM decisions WHERE session IS NOT NULL AND helo IS NOT NULL AND helo <> ''
    GROUP BY session HAVING count(DISTINCT helo) = 1
),
followed AS (
    -- (recipient, message, address) along re-injections; four hops are more than any sane chain of filters
    SELECT k.id, k.message, lower(k.recipient) AS address, 0 AS hop FROM known k WHERE k.message IS NOT NULL AND k.recipient IS NOT NULL
    UNION
    SELECT f.id, d.successor, lower(d.recipient), f.hop + 1
    FROM followed f JOIN deliveries d ON d.message = f.message
    WHERE d.successor IS NOT NULL AND f.hop < 4 AND (lower(d.recipient) = f.address OR lower(d.orig_recipient) = f.address)
),
ends AS (
    SELECT f.id, max(f.hop) AS hops, d.message, lower(d.recipient) AS target, arg_max(d.status::VARCHAR, d.position) AS status,
           arg_max(d.daemon::VARCHAR, d.position) AS daemon
    FROM followed f JOIN deliveries d ON d.message = f.message
    WHERE d.successor IS NULL AND (lower(d.recipient) = f.address OR lower(d.orig_recipient) = f.address)
    GROUP BY f.id, d.message, lower(d.recipient)
),
fates AS (
    SELECT e.id, max(e.hops) AS hops,
           CASE WHEN bool_or(e.status = 'sent' AND e.daemon <> 'discard') THEN 'delivered'
                WHEN bool_or(e.status IN ('bounced', 'expired') AND NOT m.expired) THEN 'bounced'
                WHEN bool_or(m.expired OR e.status = 'expired') THEN 'expired'
                WHEN bool_or(e.status = 'sent') THEN 'discarded'
                WHEN bool_or(m.removed_ts IS NULL) THEN 'waiting'
                ELSE 'unknown' END AS fate
    FROM ends e JOIN messages m USING (message) GROUP BY e.id
),
mail_fates AS (
    -- where a filter or an alias renamed the recipient: what became of all of the mail, if it is one thing
    SELECT message, CASE WHEN bool_and(status = 'sent' AND daemon <> 'discard') THEN 'delivered'
                         WHEN bool_and(status IN ('bounced', 'expired')) THEN 'bounced' END AS fate
    FROM (SELECT message, arg_max(status::VARCHAR, position) AS status, arg_max(daemon::VARCHAR, position) AS daemon
          FROM deliveries WHERE message IS NOT NULL AND successor IS NULL GROUP BY message, lower(recipient))
    GROUP BY message
),
hopped AS (
    SELECT f.id, max(f.hop) AS hops, arg_max(f.message, f.hop) AS last FROM followed f GROUP BY f.id
),
closed AS (
    -- mails that the client gave up before DATA, and politely: by RSET, or by QUIT; of each session its last mail, and whether
    -- every DATA command belongs to a mail that was accepted or refused
    SELECT m.session, max(m.message) AS last, any_value(s.data) <= greatest(any_value(s.data_ok), count(*) FILTER (WHERE m.accepted))
               + count(*) FILTER (WHERE m.refused) AND (any_value(s.data_ok) = 0 OR bool_or(m.accepted)) AS no_data
    FROM messages m JOIN sessions s USING (session) GROUP BY m.session
),
settled AS (
    SELECT k.*, c.no_data AND (s.lost IS NULL AND s.quit > 0 OR s.lost_after = 'RSET' OR k.message < c.last) AS polite, m.accepted, m.accepted_as, m.reinjected, m.removed_ts, m.sasl_username AS mail_login, m.queue_id AS mail_queue_id,
           m.session AS mail_session, r.refused_by AS mail_by, r.by_code AS mail_by_code, s.ended, s.lost, s.quit, s.data, s.pid AS session_pid,
           s.client_name AS session_client, s.client_addr AS session_addr, coalesce(k.helo, h.helo, g.helo) AS known_helo,
           -- where no line names the sender: RCPT and a polite QUIT without DATA or RSET is how addresses are verified
           coalesce(k.sender = '' OR k.sender LIKE 'double-bounce@%' OR k.sender IN (SELECT sender FROM probe_senders),
                    tried(s.counters, 'rset') = 0 AND m.sasl_username IS NULL AND k.client_addr NOT IN ('127.0.0.1', '::1')) AS probing
    FROM known k
    LEFT JOIN messages m ON m.message = k.message
    LEFT JOIN mail_refused r ON r.message = k.message
    LEFT JOIN sessions s ON s.session = k.session
    LEFT JOIN mail_helo h ON h.message = k.message
    LEFT JOIN closed c ON c.session = k.session
    LEFT JOIN greeted g ON g.session = k.session AND s.greetings = 1
)
SELECT s.id, s.session, s.message, s.ts, s.host, s.instance, s.service, coalesce(s.pid, s.session_pid) AS pid,
       coalesce(s.queue_id, s.mail_queue_id) AS queue_id,
       coalesce(s.client_name, s.session_client) AS client_name, coalesce(s.client_addr, s.session_addr) AS client_addr, s.known_helo AS helo, s.sender, s.recipient,
       coalesce(s.sasl_username, s.mail_login) AS sasl_username,
       outcome,
       CASE WHEN outcome IN ('rejected', 'deferred') THEN CASE WHEN s.refused THEN s.refused_by ELSE s.mail_by END END AS "by",
       CASE WHEN outcome IN ('rejected', 'deferred') THEN CASE WHEN s.refused THEN s.by_code ELSE s.mail_by_code END END AS by_code,
       CASE WHEN outcome <> 'accepted' THEN NULL
            WHEN f.fate IS NOT NULL THEN f.fate
            WHEN s.stands IS NOT TRUE AND b.fate IS NOT NULL THEN b.fate
            WHEN s.accepted_as = 'held' AND s.message IN (SELECT message FROM notices WHERE kind = 'postsuper' AND text = 'removed') THEN 'unknown'
            WHEN s.accepted_as IN ('held', 'discarded') THEN s.accepted_as
            WHEN s.accepted_as = 'proxy' THEN 'unknown'
            WHEN e.removed_ts IS NULL THEN 'waiting' ELSE 'unknown' END AS fate,
       s.by_state, coalesce(h.hops, 0) AS hops, coalesce(s.reinjected, false) AS reinjected, s.stands
FROM (
    SELECT *, CASE
        WHEN unsure THEN 'unknown'
        WHEN refused THEN CASE WHEN by_code BETWEEN 400 AND 499 THEN 'deferred' ELSE 'rejected' END
        WHEN mail_by_code IS NOT NULL AND NOT coalesce(accepted_as = 'active', false) THEN CASE WHEN mail_by_code BETWEEN 400 AND 499 THEN 'deferred' ELSE 'rejected' END
        WHEN accepted THEN 'accepted'
        WHEN message IS NOT NULL AND ended IS NULL AND lost IS NULL THEN 'unknown'
        WHEN message IS NOT NULL AND probing AND polite THEN 'probe'
        WHEN message IS NOT NULL OR lost IS NOT NULL THEN 'abandoned'
        ELSE 'unknown' END AS outcome
    FROM settled
) s
LEFT JOIN fates f USING (id) LEFT JOIN hopped h USING (id) LEFT JOIN messages e ON e.message = coalesce(h.last, s.message)
LEFT JOIN mail_fates b ON b.message = coalesce(h.last, s.message)
