-- title: Computed and tried
-- question: Where a restriction of the list is on trial in this log as well, do computation and trial flag the same recipients?
-- tables: what_if_flags, what_if_recipients. Relations: flags
-- parameters: none
-- caveats: Counts are recipients; those that the computation leaves out (see what_if_facts) are left out of the trial's too.
--   unheard: flagged by the trial only, and their HELO is not in the log. unnamed: flagged by the computation only, and
--   warned about with a text that three restrictions share (invalid ip address). unreached: flagged by the computation only, and refused by something else
--   without a warning of this restriction, which may stand after it.
WITH computed AS (SELECT DISTINCT restriction, id FROM what_if_flags),
tried AS (SELECT DISTINCT restriction, id FROM flags SEMI JOIN what_if_recipients r USING (id)
          WHERE certain AND restriction IN (SELECT name FROM what_if_names))
SELECT coalesce(c.restriction, t.restriction) AS restriction, count(t.id) AS tried, count(c.id) AS computed,
       count(*) FILTER (WHERE t.id IS NOT NULL AND c.id IS NOT NULL) AS "both",
       count(*) FILTER (WHERE c.id IS NULL AND r.helo IS NULL) AS unheard,
       count(*) FILTER (WHERE t.id IS NULL AND r.id IN (SELECT id FROM flags WHERE restriction IS NULL)) AS unnamed,
       count(*) FILTER (WHERE t.id IS NULL AND r.id NOT IN (SELECT id FROM flags WHERE restriction IS NULL)
                              AND r.outcome IN ('rejected', 'deferred')) AS unreached
FROM computed c FULL JOIN tried t ON t.restriction = c.restriction AND t.id = c.id
JOIN what_if_recipients r ON r.id = coalesce(c.id, t.id)
WHERE coalesce(c.restriction, t.restriction) IN (SELECT restriction FROM tried)
GROUP BY 1 ORDER BY 1
