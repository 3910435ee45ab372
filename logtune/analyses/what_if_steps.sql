-- title: What each restriction of the list does
-- question: For how many recipients would each restriction reject, give the reply, permit, or be left open?
-- tables: what_if_recipients, what_if_stops, what_if_courses (analyses/what_if.py)
-- parameters: none
-- caveats: Counts are recipients that come as far as the restriction, before any permit. A name that stands twice in the
--   list is counted once.
SELECT name, sum(rejects)::BIGINT AS rejects, sum(replies)::BIGINT AS replies, sum(permits)::BIGINT AS permits, sum(open)::BIGINT AS open
FROM (
    SELECT name, certain::INT AS rejects, (certain AND first)::INT AS replies, 0 AS permits, (NOT certain)::INT AS open
    FROM what_if_recipients JOIN what_if_stops USING (fact)
    UNION ALL
    SELECT permitted_by, 0, 0, 1, 0 FROM what_if_recipients JOIN what_if_courses USING (fact) WHERE permitted_by IS NOT NULL
    UNION ALL
    SELECT name, 0, 0, 0, 1 FROM what_if_recipients JOIN (SELECT fact, unnest(open) AS name FROM what_if_courses) USING (fact)
)
GROUP BY name
