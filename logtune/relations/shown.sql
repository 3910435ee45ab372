-- Shown: recipients that only the deliveries show (used by the relations after it, no relation of its own).
-- Tables: deliveries. Relations: message_facts, tries, judged. One row per recipient of a mail that came by smtpd; an alias stands
-- once, by the address that was given in RCPT TO. A delivery under a name that a line accepted, before or after aliases, is
-- that recipient's.
WITH accepted AS (
    SELECT DISTINCT message, name FROM judged WHERE message IS NOT NULL AND NOT refused
),
known AS (
    SELECT message, given FROM tries t SEMI JOIN accepted a ON a.message = t.message AND a.name = t.target
    UNION
    SELECT message, given FROM tries t SEMI JOIN accepted a ON a.message = t.message AND a.name = t.given
),
unknown AS (
    SELECT t.message, t.given, min(t.position) AS id, min(t.ts) AS ts, count(*) AS lines
    FROM tries t ANTI JOIN known k ON k.message = t.message AND k.given IS NOT DISTINCT FROM t.given
    GROUP BY t.message, t.given
)
SELECT u.id, u.message, m.session, u.given, u.ts, u.lines
FROM unknown u JOIN message_facts m USING (message)
WHERE m.via = 'smtpd' AND m.session IS NOT NULL
