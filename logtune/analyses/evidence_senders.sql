-- title: Sender domains of strangers
-- question: Which domains do strangers send from, each with a number?
-- tables: arrivals (analyses/evidence_arrivals.sql)
-- parameters: none
-- caveats: Made once as table "senders". The number is the first recipient's id; what compares many domains compares numbers.
SELECT sender_domain, min(id) AS sender FROM arrivals WHERE sender_domain IS NOT NULL GROUP BY sender_domain
