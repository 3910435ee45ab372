-- Recipient facts: one row per RCPT TO of one mail in one session, with outcome and fate; the relation recipients adds what only
-- people ask for.
-- Tables: notices. Relations: session_facts, message_facts, judged, stopped, mail_told, session_told, known, fates.
-- A recipient is known from the lines that judge it and from the deliveries of its mail. Where the log shows none
-- (refused greeting, DATA stage, mail that went no further) the mail stands for it, with recipient null.
-- Caveats: an accepted recipient is rejected if any line really rejected it, also where a later try in the same
-- mail succeeded. Fate follows re-injection by address: the filter may not rewrite recipients.
WITH told AS (
    -- what lines say of the recipients that they name, and of the commands that were refused
    SELECT id, client_name, client_addr, helo, sender, sasl_username, refused_by, by_code, by_state FROM judged
    UNION ALL BY NAME
    SELECT id, client_name, client_addr, helo, sender, sasl_username, refused_by, by_code FROM stopped
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
           coalesce(t.helo, r.helo, c.helo) AS helo, CASE WHEN k.judged THEN t.sender ELSE m.sender END AS sender,
           coalesce(t.sasl_username, m.sasl_username) AS sasl_username, m.sasl_username AS mail_login, s.rset
    FROM every k
    LEFT JOIN told t ON t.id = k.id
    LEFT JOIN message_facts m ON m.message = k.message
    LEFT JOIN mail_told r ON r.message = k.message
    LEFT JOIN session_facts s ON s.session = k.session
    LEFT JOIN session_told c ON c.session = k.session
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
