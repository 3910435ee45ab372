-- title: Mail that users handed in
-- question: Which mails came in by a service of the site's own users?
-- tables: queue, flags, submission (the site's own services)
-- parameters: none
-- caveats: Made once as table "submitted". The first client line tells: what a content filter put back has a later one.
--   Mail with a login is left out where its line has it: the login tells enough.
SELECT message FROM queue
SEMI JOIN (SELECT message FROM queue WHERE event = 'client' AND sasl_username IS NULL AND service IN (SELECT service FROM submission)
                                           AND (SELECT count(*) FROM flags) > 0) USING (message)
WHERE event = 'client' GROUP BY message HAVING arg_min(service, position) IN (SELECT service FROM submission)
