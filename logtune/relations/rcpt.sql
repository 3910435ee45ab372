-- Which recipient a decision line is about: one row per line that names a recipient of a mail.
-- Tables: decisions. The recipient's id is the position of the first line that names it (its key: session, message
-- or null, sender, recipient); postscreen lines have no session and stand alone.
SELECT position,
       min(position) OVER (PARTITION BY session, message, lower(sender), lower(recipient),
                                        CASE WHEN session IS NULL AND message IS NULL THEN position END) AS id
FROM decisions
WHERE recipient IS NOT NULL AND part IS NULL
  AND (protocol_state IN ('RCPT', 'DATA', 'BDAT', 'END-OF-MESSAGE'))
  AND (session IS NOT NULL OR message IS NOT NULL OR origin = 'postscreen')
