-- title: Evidence on flagged recipients
-- question: What speaks for and against each accepted recipient of a stranger that a restriction on trial flagged?
-- tables: arrivals, flags, senders, weighed (analyses/evidence.sql)
-- parameters: none
-- caveats: Made once as table "evidence", one row per recipient.
SELECT a.id, a.sender_domain, w.* EXCLUDE (client, sender)
FROM (FROM arrivals SEMI JOIN flags USING (id)) a LEFT JOIN senders s USING (sender_domain)
JOIN weighed w ON w.client = a.client AND w.sender = coalesce(s.sender, -1) AND w.spam = a.spam AND w.clean = a.clean
