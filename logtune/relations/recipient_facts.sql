-- Recipient facts: one row per RCPT TO of one mail in one session, with outcome and fate; the relation recipients adds what only
-- people ask for.
-- Tables: decisions, notices. Relations: session_facts, message_facts, judged, known, fates.
-- A recipient is known from the lines that judge it and from the deliveries of its mail. Where the log shows none
-- (refused greeting, DATA stage, mail that went no further) the mail stands for it, with recipient null.
-- Caveats: an accepted recipient is rejected if any line really rejected it, also where a later try in the same
-- mail succeeded. Fate follows re-injection by address: the filter may not rewrite recipients.
WITH mail_rejects AS (
    -- lines that refuse a whole mail: at DATA, at its end, by header and body checks, a milter or the before-queue filter
    SELECT message, arg_min(coalesce(restriction, CASE WHEN part IS NOT NULL THEN part || '_checks' ELSE reason_shape END, origin), position) AS refused_by,
           arg_min(coalesce(reply_code, TRY_CAST(substr(dsn, 1, 1) AS INT) * 100 + 50, 550), position) AS by_code
    FROM decisions
    WHERE message IS NOT NULL AND action IN ('reject', 'hangup') AND (protocol_state IS NULL OR protocol_state NOT IN ('MAIL', 'RCPT'))
    GROUP BY message
),
mail_refused AS (
    FROM mail_rejects
    UNION ALL
    -- 552 and 451 that smtpd gives without a reject line (smtpd.c, cleanup_strerror.c)
    SELECT message, any_value(text) AS refused_by, CASE WHEN any_value(text) LIKE '%not accepted%' THEN 451 ELSE 552 END AS by_code
    FROM notices ANTI JOIN mail_rejects USING (message)
    WHERE message IS NOT NULL AND (text = 'queue file size limit exceeded' OR text LIKE 'BDAT request from % exceeds message size limit'
                                   OR text LIKE '%message not accepted, try again later')
    GROUP BY message
),
command_refused AS (
    -- CONNECT, greeting or MAIL really refused (smtpd_delay_reject = no): the mail never came as far as a recipient
    SELECT min(position) AS id, session, min(ts) AS ts, any_value(client_name) AS client_name, any_value(client_addr) AS client_addr, any_value(helo) AS helo, any_value(sender) AS sender, max(sasl_username) AS sasl_username,
           arg_min(coalesce(restriction, reason_shape), position) AS refused_by, arg_min(reply_code, position) AS by_code,
           any_value(protocol_state) AS protocol_state
    FROM decisions
    WHERE action IN ('reject', 'hangup') AND protocol_state IN ('CONNECT', 'HELO', 'EHLO', 'MAIL') AND session IS NOT NULL AND message IS NULL
    GROUP BY session, sender
),
stopped AS (
    SELECT c.* FROM command_refused c
    WHERE c.protocol_state = 'MAIL'
       OR NOT EXISTS (FROM judged j WHERE j.session = c.session)
      AND NOT EXISTS (FROM message_facts m WHERE m.session = c.session)
      AND NOT EXISTS (FROM command_refused o WHERE o.session = c.session AND o.id < c.id)
),
told AS (
    -- what lines say of the recipients that they name, and of the commands that were refused
    SELECT id, client_name, client_addr, helo, sender, sasl_username, refused_by, by_code, by_state FROM judged
    UNION ALL BY NAME
    SELECT id, client_name, client_addr, helo, sender, sasl_username, refused_by, by_code FROM stopped
),
mail_helo AS (
    SELECT message, arg_max(helo, position) AS helo FROM decisions WHERE message IS NOT NULL AND helo IS NOT NULL GROUP BY message
),
greeted AS (
    -- the only greeting of a session is known from any of its lines
    SELECT session, any_value(helo) AS helo
    FROM decisions SEMI JOIN (FROM session_facts WHERE greetings = 1) USING (session)
    WHERE helo <> '' GROUP BY session HAVING min(hash(helo)) = max(hash(helo))
),
closed AS (
    -- mails that the client gave up before DATA, and politely: by RSET, or by QUIT; of each session its last mail, and whether
    -- every DATA command belongs to a mail that was accepted or refused
    SELECT m.session, max(m.message) AS last, any_value(s.data) <= greatest(any_value(s.data_ok), count(*) FILTER (WHERE m.accepted))
               + count(*) FILTER (WHERE m.refused) AND (any_value(s.data_ok) = 0 OR bool_or(m.accepted)) AS no_data
    FROM message_facts m JOIN session_facts s USING (session) GROUP BY m.session
),
every AS (
    SELECT id, session, message, ts, refused, unsure, source = 'stands' AS stands, source = 'judged' AS judged FROM known
    UNION ALL BY NAME
    SELECT id, session, ts, true AS refused, false AS unsure, true AS stands, true AS judged FROM stopped
),
settled AS (
    SELECT k.id, k.session, k.message, k.ts, k.refused, k.unsure, k.stands,
           c.no_data AND (s.lost IS NULL AND s.quit > 0 OR s.lost_after = 'RSET' OR k.message < c.last) AS polite,
           m.accepted, m.accepted_as, coalesce(m.reinjected, false) AS reinjected, m.removed_ts, r.refused_by AS mail_by, r.by_code AS mail_by_code,
           s.ended, s.lost, t.refused_by, t.by_code, t.by_state,
           -- of recipients that no line names the mail tells, of all the session
           CASE WHEN k.judged THEN coalesce(t.client_name, s.client_name) ELSE coalesce(m.client_name, s.client_name) END AS client_name,
           CASE WHEN k.judged THEN t.client_addr ELSE m.client_addr END AS known_addr,
           coalesce(known_addr, s.client_addr) AS client_addr,
           coalesce(t.helo, h.helo, g.helo) AS helo, CASE WHEN k.judged THEN t.sender ELSE m.sender END AS sender,
           coalesce(t.sasl_username, m.sasl_username) AS sasl_username, m.sasl_username AS mail_login, s.rset
    FROM every k
    LEFT JOIN told t ON t.id = k.id
    LEFT JOIN message_facts m ON m.message = k.message
    LEFT JOIN mail_refused r ON r.message = k.message
    LEFT JOIN session_facts s ON s.session = k.session
    LEFT JOIN mail_helo h ON h.message = k.message
    LEFT JOIN closed c ON c.session = k.session
    LEFT JOIN greeted g ON g.session = k.session
),
judgement AS (
    SELECT *, CASE
        WHEN unsure THEN 'unknown'
        WHEN refused THEN CASE WHEN by_code BETWEEN 400 AND 499 THEN 'deferred' ELSE 'rejected' END
        WHEN mail_by_code IS NOT NULL AND NOT coalesce(accepted_as = 'active', false) THEN CASE WHEN mail_by_code BETWEEN 400 AND 499 THEN 'deferred' ELSE 'rejected' END
        WHEN accepted THEN 'accepted'
        WHEN message IS NOT NULL AND ended IS NULL AND lost IS NULL THEN 'unknown'
        -- a probe has a null or probe sender; where no line names the sender: RCPT and a polite QUIT without DATA or RSET is how
        -- addresses are verified
        WHEN message IS NOT NULL AND polite
             AND coalesce(sender = '' OR sender LIKE 'double-bounce@%' OR sender IN (SELECT sender FROM probe_senders),
                          rset = 0 AND mail_login IS NULL AND known_addr NOT IN ('127.0.0.1', '::1')) THEN 'probe'
        WHEN message IS NOT NULL OR lost IS NOT NULL THEN 'abandoned'
        ELSE 'unknown' END AS outcome
    FROM settled
)
SELECT s.id, s.session, s.message, s.ts, s.client_name, s.client_addr, s.helo, s.sender, s.sasl_username, s.outcome,
       CASE WHEN s.outcome IN ('rejected', 'deferred') THEN CASE WHEN s.refused THEN s.refused_by ELSE s.mail_by END END AS "by",
       CASE WHEN s.outcome IN ('rejected', 'deferred') THEN CASE WHEN s.refused THEN s.by_code ELSE s.mail_by_code END END AS by_code,
       CASE WHEN s.outcome <> 'accepted' THEN NULL
            WHEN f.fate IS NOT NULL THEN f.fate
            WHEN s.accepted_as = 'held' AND s.message IN (SELECT message FROM notices WHERE kind = 'postsuper' AND text = 'removed') THEN 'unknown'
            WHEN s.accepted_as IN ('held', 'discarded') THEN s.accepted_as
            WHEN s.accepted_as = 'proxy' THEN 'unknown'
            WHEN CASE WHEN f.last IS NULL THEN s.removed_ts ELSE e.removed_ts END IS NULL THEN 'waiting' ELSE 'unknown' END AS fate,
       s.by_state, coalesce(f.hops, 0) AS hops, s.reinjected, s.stands
FROM judgement s LEFT JOIN fates f USING (id) LEFT JOIN message_facts e ON e.message = f.last
