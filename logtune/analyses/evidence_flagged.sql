-- title: Evidence on flagged recipients
-- question: What do the accepted recipients of strangers come to that a restriction on trial flagged?
-- tables: arrivals, flags, weighed (analyses/evidence.sql)
-- parameters: none
-- caveats: Made once as table "evidence", one row per recipient; client, sender, spam and clean are its row of weighed.
SELECT a.id, a.client, a.sender, a.spam, a.clean, w.harm
FROM (FROM arrivals SEMI JOIN flags USING (id)) a JOIN weighed w USING (client, sender, spam, clean)
