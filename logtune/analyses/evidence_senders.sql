-- title: Sender domains of strangers
-- question: Which domains do strangers send from, each with its number?
-- tables: arrivals (analyses/evidence_arrivals.sql), recipient_facts
-- parameters: none
-- caveats: Made once as table "senders". The number is that of arrivals; what compares many domains compares numbers.
SELECT a.sender, lower(split_part(r.sender, '@', -1)) AS sender_domain
FROM (SELECT sender, min(id) AS id FROM arrivals WHERE sender >= 0 GROUP BY sender) a JOIN recipient_facts r USING (id)
