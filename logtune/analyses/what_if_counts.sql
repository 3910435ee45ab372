-- title: What the list does
-- question: How many recipients does the list stop, let pass, or leave open, and of how many of these is the HELO not in the log?
-- tables: what_if_recipients, what_if_courses (analyses/what_if.py)
-- parameters: none
-- caveats: Counts are recipients. open: the log does not tell what the list would do.
SELECT count(*) AS recipients,
       count(*) FILTER (WHERE stopped) AS stopped, count(*) FILTER (WHERE NOT stopped) AS passes, count(*) FILTER (WHERE stopped IS NULL) AS open,
       count(*) FILTER (WHERE stopped IS NULL AND helo IS NULL) AS open_no_helo,
       count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
       count(*) FILTER (WHERE outcome = 'accepted' AND stopped) AS accepted_stopped,
       count(*) FILTER (WHERE outcome = 'accepted' AND NOT stopped) AS accepted_passes,
       count(*) FILTER (WHERE outcome = 'accepted' AND stopped IS NULL) AS accepted_open,
       count(*) FILTER (WHERE outcome = 'accepted' AND stopped IS NULL AND helo IS NULL) AS accepted_open_no_helo
FROM what_if_recipients r JOIN what_if_courses c USING (fact)
