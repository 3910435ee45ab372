-- title: Mails that are still there at the end
-- question: How many mails does the log leave in the active and in the deferred queue, and how old are they?
-- tables: queue_lives
-- parameters: $last last time stamp of the log
-- caveats: as Mails in the queue. Age from arrival to the last line of the log. A mail that was removed by hand, or whose last lines are
--   lost, seems to be there.
SELECT state, count(*) AS mails,
       count(*) FILTER (WHERE age < INTERVAL 1 HOUR) AS hour, count(*) FILTER (WHERE age >= INTERVAL 1 HOUR AND age < INTERVAL 1 DAY) AS day,
       count(*) FILTER (WHERE age >= INTERVAL 1 DAY AND age < INTERVAL 5 DAY) AS days, count(*) FILTER (WHERE age >= INTERVAL 5 DAY) AS longer,
       max(epoch(age)) AS oldest, arg_min(position, (arrived, position)) FILTER (WHERE arrived IS NOT NULL) AS position
FROM (SELECT state, position, arrived, $last::TIMESTAMP - arrived AS age FROM queue_lives WHERE state IN ('active', 'waiting'))
GROUP BY 1
ORDER BY 1
