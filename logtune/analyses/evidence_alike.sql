-- title: Arrivals that weigh alike
-- question: How many recipients has each client, sender domain, local day and word of the filter?
-- tables: arrivals (analyses/evidence_arrivals.sql)
-- parameters: none
-- caveats: Made once as table "alike", and asked for one host at a time. sender is -1 where a mail has none (a bounce).
SELECT client, sender, day, spam, clean, count(*) AS recipients FROM arrivals GROUP BY ALL
