-- title: Recipients by outcome
-- question: What became of each recipient that a client asked for?
-- tables: recipient_facts
-- parameters: none
-- caveats: A recipient is one RCPT TO of one mail in one session; where the log shows no recipient, the mail stands for it.
--   Recipients of mail that a content filter gave back are not counted again.
SELECT outcome, count(*) AS recipients, count(DISTINCT client_addr) AS clients
FROM recipient_facts
WHERE NOT coalesce(reinjected, false)
GROUP BY 1
ORDER BY 2 DESC, 1
