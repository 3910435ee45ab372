-- title: Predicted and real
-- question: Of each restriction that was on trial, what was predicted, and what has it rejected since?
-- tables: before, before_warned, after, after_warned (verify_facts.sql, verify_warned.sql of the two logs)
-- parameters: none
-- caveats: Counts are recipients. predicted were accepted during the trial: the least that enforcing stops. flagged are
--   all that were warned about: the most that it can reject, for an enforced restriction may reject a recipient first.
--   A line of the same text counts for the restriction whoever wrote it.
WITH names AS (SELECT DISTINCT name, service FROM before_warned),
warned AS (
    SELECT w.name, w.service, count(*) AS flagged,
           count(*) FILTER (WHERE b.outcome = 'accepted') AS predicted,
           count(*) FILTER (WHERE b.outcome = 'accepted' AND b.authorized) AS predicted_authorized
    FROM before_warned w JOIN before b USING (id) WHERE w.certain GROUP BY 1, 2
),
rejects AS (
    SELECT "by" AS name, service, count(*) AS rejected,
           count(*) FILTER (WHERE outcome = 'deferred') AS rejected_4xx,
           count(*) FILTER (WHERE authorized) AS rejected_authorized, min(ts) AS first, max(ts) AS last
    FROM after WHERE outcome IN ('rejected', 'deferred') GROUP BY 1, 2
),
already AS (
    SELECT "by" AS name, service, count(*) AS rejected_before FROM before WHERE outcome IN ('rejected', 'deferred') GROUP BY 1, 2
),
still AS (SELECT name, service, count(*) AS still_warned FROM after_warned GROUP BY 1, 2)
SELECT n.name, n.service, coalesce(w.flagged, 0) AS flagged, coalesce(w.predicted, 0) AS predicted,
       coalesce(w.predicted_authorized, 0) AS predicted_authorized, coalesce(r.rejected, 0) AS rejected,
       coalesce(r.rejected_4xx, 0) AS rejected_4xx, coalesce(r.rejected_authorized, 0) AS rejected_authorized,
       coalesce(s.still_warned, 0) AS still_warned, coalesce(a.rejected_before, 0) AS rejected_before, r.first, r.last
FROM names n
LEFT JOIN warned w USING (name, service) LEFT JOIN rejects r USING (name, service)
LEFT JOIN still s USING (name, service) LEFT JOIN already a USING (name, service)
ORDER BY rejected DESC, predicted DESC, n.name, n.service
