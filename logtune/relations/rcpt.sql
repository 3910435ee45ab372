-- Which recipient a decision line is about: one row per line that names a recipient of a mail.
-- Tables: decisions. Relations: session_facts. The recipient's id is the position of the first line that names it (its key:
-- session, message or null, sender, recipient, and how often it was refused before: a client that names a refused
-- recipient once more does so in another mail, unless smtpd counted one MAIL command only); postscreen lines have no
-- session and stand alone.
WITH named AS (
    SELECT position, session, message, coalesce(session, message, position) AS unit,
           -- a number instead of two addresses: what a session or mail names is too little for two to be taken for one
           hash(message, session, lower(sender), lower(recipient)) AS names,
           coalesce(action IN ('reject', 'hangup') AND protocol_state = 'RCPT', false) AS refused
    FROM decisions
    WHERE recipient IS NOT NULL AND part IS NULL
      AND protocol_state IN ('RCPT', 'DATA', 'BDAT', 'END-OF-MESSAGE')
      AND (session IS NOT NULL OR message IS NOT NULL OR origin = 'postscreen')
),
keys AS (
    SELECT unit, names, min(position) AS id, count(*) AS lines, bool_or(refused) AS refused FROM named GROUP BY unit, names
),
tries AS (
    -- the few that were refused and named again; a refusal counts from the line after it
    SELECT n.position, n.unit, n.names,
           coalesce(sum((n.refused AND s.mail IS DISTINCT FROM 1)::INT) OVER (PARTITION BY n.unit, n.names ORDER BY n.position
                                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS refusals
    FROM named n JOIN (FROM keys WHERE refused AND lines > 1) USING (unit, names) LEFT JOIN session_facts s ON s.session = n.session
)
SELECT id AS position, id FROM keys WHERE lines = 1
UNION ALL
SELECT position, id FROM named JOIN (FROM keys WHERE lines > 1 AND NOT refused) USING (unit, names)
UNION ALL
SELECT position, min(position) OVER (PARTITION BY unit, names, refusals) FROM tries
