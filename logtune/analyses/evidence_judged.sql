-- title: Mails with a word of the content filter
-- question: Which mails did the content filter call spam, and which clean?
-- tables: verdicts, queue
-- parameters: $spam the filter's words for mail that nobody wants
-- caveats: Made once as table "judged", one row per mail. A verdict belongs to a mail by its queue id, else by the Message-ID; where a
--   filter spoke twice of the same Message-ID, the worse word counts for both. A Message-ID is compared by its hash: it is long,
--   and who wanted to have another's could just take it.
WITH words AS MATERIALIZED (
    SELECT message, queue_id IS NULL AS nameless, CASE WHEN message_id IS NOT NULL THEN hash(message_id) END AS message_id,
           coalesce(verdict::VARCHAR IN (SELECT unnest($spam::VARCHAR[])), false) AS spam, coalesce(verdict = 'clean', false) AS clean
    FROM verdicts
),
nameless AS (
    SELECT message_id, bool_or(spam) AS spam, bool_and(clean) AS clean FROM words
    WHERE nameless AND message_id IS NOT NULL GROUP BY message_id
),
names AS MATERIALIZED ( -- the texts are read once
    SELECT message, position, hash(message_id) AS message_id FROM queue
    WHERE event = 'message_id' AND message IS NOT NULL AND message_id IS NOT NULL
),
named_mails AS (
    SELECT message, arg_min(message_id, position) AS message_id FROM names
    WHERE message IN (SELECT message FROM words WHERE message IS NOT NULL AND message_id IS NOT NULL)
       OR message IN (SELECT message FROM names SEMI JOIN nameless USING (message_id))
    GROUP BY message
),
said AS (
    SELECT w.message, w.spam, w.clean FROM words w LEFT JOIN named_mails m USING (message)
    WHERE w.message IS NOT NULL AND (w.message_id IS NULL OR m.message_id IS NULL OR m.message_id = w.message_id)
    UNION ALL BY NAME
    SELECT m.message, w.spam, w.clean FROM nameless w JOIN named_mails m USING (message_id)
)
SELECT message, bool_or(spam) AS spam, bool_and(clean) AND NOT bool_or(spam) AS clean FROM said GROUP BY message
