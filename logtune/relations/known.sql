-- Known: every recipient there is, as numbers (used by the relations after it, no relation of its own).
-- Tables: deliveries, notices, decisions. Relations: session_facts, message_facts, judged, shown.
-- source tells what it is known from: judged (decision lines name it), shown (deliveries do), stands (no line names it: its mail
-- stands for it). Recipients of commands that were refused before RCPT TO are added by recipients.sql.
-- name is the hash of its address in lower case. unsure: of which mail of its session it is, is not told.
WITH mails AS (
    -- how many accepted recipients the lines show of each mail that came by smtpd; judged: any line names a recipient
    SELECT m.message, m.session, m.aborted, coalesce(j.taken, 0) + coalesce(d.n, 0) AS taken, j.message IS NOT NULL AS judged,
           x.message IS NOT NULL AS tried
    FROM message_facts m
    LEFT JOIN (SELECT message, count(*) FILTER (WHERE by_state IS DISTINCT FROM 'RCPT') AS taken FROM judged
               WHERE message IS NOT NULL GROUP BY message) j USING (message)
    LEFT JOIN (SELECT message, count(*) AS n FROM shown GROUP BY message) d USING (message)
    LEFT JOIN (SELECT DISTINCT message FROM tries) x USING (message)
    WHERE m.via = 'smtpd' AND m.session IS NOT NULL
),
uncounted AS (
    -- what smtpd counted as accepted recipients of a session, less those that are shown and one of each mail that shows none
    SELECT m.session, (any_value(s.rcpt_ok) - sum(m.taken) - count(*) FILTER (WHERE m.taken = 0 AND NOT m.judged))::BIGINT AS n,
           min(m.message) FILTER (WHERE NOT m.tried) AS mail,
           bool_or(m.aborted AND NOT m.tried) AND bool_or(NOT m.aborted AND NOT m.tried) AS unsure
    FROM mails m JOIN session_facts s USING (session)
    WHERE s.connect_ts IS NOT NULL AND s.rcpt_ok IS NOT NULL GROUP BY m.session
),
frequent AS (
    -- in how many mails an address stands that only deliveries show
    SELECT given, n = max(n) OVER () AS most FROM (SELECT given, count(*) AS n FROM shown GROUP BY given)
),
added AS (
    -- Postfix adds recipients itself (always_bcc and the like): more than smtpd accepted. Those that
    -- stand in most mails go first, then the last ones of a mail
    SELECT s.id
    FROM shown s JOIN uncounted u ON u.session = s.session AND u.n < 0 LEFT JOIN frequent f ON f.given IS NOT DISTINCT FROM s.given
    QUALIFY row_number() OVER (PARTITION BY s.session ORDER BY f.most DESC, s.id DESC) <= -u.n
),
counted AS (
    -- the recipients that only smtpd's counters tell of. No more than 60 of a mail: an id must not reach the next line.
    -- unsure: they may be of a mail that was given up, or of one that was not
    SELECT mail AS message, session, unsure, unnest(range(1, 1 + least(n, 60))) AS i FROM uncounted WHERE n > 0 AND mail IS NOT NULL
)
SELECT id, session, message, ts, name, refused, false AS unsure, 'judged' AS source FROM judged
UNION ALL
SELECT id, session, message, ts, given, false, false, 'shown' FROM shown ANTI JOIN added USING (id)
UNION ALL
SELECT m.message, m.session, m.message, m.first_ts, NULL, false, false, 'stands'
FROM mails n JOIN message_facts m USING (message) WHERE n.taken = 0 AND NOT n.judged
UNION ALL
SELECT c.message + c.i, c.session, c.message, m.first_ts, NULL, false, c.unsure, 'stands'
FROM counted c JOIN message_facts m USING (message)
