-- Which recipient a decision line is about: one row per line that names a recipient of a mail.
-- Tables: decisions. Relations: sessions. The recipient's id is the position of the first line that names it (its key:
-- session, message or null, sender, recipient, and how often it was refused before: a client that names a refused
-- recipient once more does so in another mail, unless smtpd counted one MAIL command only); postscreen lines have no
-- session and stand alone.
WITH named AS (
    SELECT d.position, d.session, d.message, lower(d.sender) AS sender, lower(d.recipient) AS recipient,
           CASE WHEN d.session IS NULL AND d.message IS NULL THEN d.position END AS alone,
           coalesce(d.action IN ('reject', 'hangup') AND d.protocol_state = 'RCPT' AND s.mail IS DISTINCT FROM 1, false) AS refused
    FROM decisions d LEFT JOIN sessions s USING (session)
    WHERE d.recipient IS NOT NULL AND d.part IS NULL
      AND d.protocol_state IN ('RCPT', 'DATA', 'BDAT', 'END-OF-MESSAGE')
      AND (d.session IS NOT NULL OR d.message IS NOT NULL OR d.origin = 'postscreen')
),
tries AS (
    SELECT *, coalesce(sum(refused::INT) OVER (PARTITION BY session, message, sender, recipient, alone ORDER BY position
                                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS refusals
    FROM named
)
SELECT position, min(position) OVER (PARTITION BY session, message, sender, recipient, alone, refusals) AS id FROM tries
