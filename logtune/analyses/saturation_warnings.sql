-- title: When master said that a limit is reached
-- question: At what times did master warn, and of which service?
-- tables: notices
-- parameters: none
-- caveats: At most one line per 1,000 s and service, and never of a service that listens on loopback only.
SELECT host, instance, endpoint, ts, value::INTEGER AS "limit" FROM notices
WHERE kind = 'process_limit' AND value IS NOT NULL AND ts IS NOT NULL
ORDER BY position
