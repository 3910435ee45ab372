-- Mail told: by what lines of a whole mail refuse it, and its greeting (used by recipient_facts, no relation of its own).
-- Tables: decisions, notices. One row per message that has either.
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
    SELECT message, arg_min(text, position) AS refused_by, CASE WHEN arg_min(text, position) LIKE '%not accepted%' THEN 451 ELSE 552 END AS by_code
    FROM notices ANTI JOIN mail_rejects USING (message)
    WHERE message IS NOT NULL AND (text = 'queue file size limit exceeded' OR text LIKE 'BDAT request from % exceeds message size limit'
                                   OR text LIKE '%message not accepted, try again later')
    GROUP BY message
),
mail_helo AS (
    SELECT message, arg_max(helo, position) AS helo FROM decisions WHERE message IS NOT NULL AND helo IS NOT NULL GROUP BY message
)
SELECT message, refused_by, by_code, helo FROM mail_refused FULL JOIN mail_helo USING (message)
