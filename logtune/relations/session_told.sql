-- Session told: the only greeting of a session, and how its mails ended (used by recipient_facts, no relation of its own).
-- Tables: decisions. Relations: session_facts, message_facts. One row per session that has either.
WITH greeted AS (
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
)
SELECT session, helo, last, no_data FROM greeted FULL JOIN closed USING (session)
