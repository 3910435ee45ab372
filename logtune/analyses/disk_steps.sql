-- title: How long cleanup and qmgr take
-- question: How many seconds pass from the Message-ID line of cleanup to the first "queue active" of qmgr?
-- tables: queue
-- parameters: $small bytes
-- caveats: Whole seconds, as most stamps are: only 2 s and more are a wait. Held mails (a release makes them active later) are not told
--   apart here, so only waits under an hour count. Mails under $small bytes, for cleanup logs the Message-ID while the mail still comes in.
WITH steps AS (
    SELECT message, min(ts) FILTER (WHERE event = 'message_id') AS cleanup, min(ts) FILTER (WHERE event = 'active') AS active, max(size) AS size
    FROM queue WHERE message IS NOT NULL AND event IN ('message_id', 'active') GROUP BY message
), waits AS (
    SELECT epoch(active - cleanup) AS seconds FROM steps
    WHERE size < $small AND active >= cleanup AND active - cleanup < INTERVAL 1 HOUR
)
SELECT count(*) AS mails, count(*) FILTER (WHERE seconds >= 2) AS waited, coalesce(max(seconds), 0) AS longest FROM waits
