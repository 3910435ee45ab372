-- title: Arrivals that weigh alike
-- question: How many recipients has each client, sender domain, local day and word of the filter?
-- tables: arrivals, senders (analyses/evidence_arrivals.sql, evidence_senders.sql)
-- parameters: none
-- caveats: Made once as table "alike", and asked for one host at a time. sender is -1 where a mail has none (a bounce).
SELECT a.client, coalesce(s.sender, -1) AS sender, a.day, a.spam, a.clean, count(*) AS recipients
FROM arrivals a LEFT JOIN senders s USING (sender_domain)
GROUP BY ALL
