-- title: Mails by origin
-- question: How many mails came in, by which way, and how many of them were accepted?
-- tables: message_facts
-- parameters: none
-- caveats: A mail that a content filter gave back is the same mail and not counted again (reinjected).
--   A mail refused before its first accepted recipient has no queue file and is not here: see recipients.
SELECT coalesce(via, 'unknown') AS via,
       count(*) AS mails,
       count(*) FILTER (WHERE accepted) AS accepted,
       coalesce(sum(size) FILTER (WHERE accepted), 0)::BIGINT AS bytes
FROM message_facts
WHERE NOT coalesce(reinjected, false)
GROUP BY 1
ORDER BY 2 DESC, 1
