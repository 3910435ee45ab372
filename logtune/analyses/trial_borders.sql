-- Question: from when to when is a restriction seen on trial, and does it really reject before, after or meanwhile?
-- Tables: decision_kinds, decisions. One row per restriction (or text) and service with warnings; rejects are lines of the same one.
-- silence is the longest time between two warnings in a row, in seconds.
WITH kinds AS (
    SELECT trial_name(restriction, reason_shape) AS name, service, action = 'reject_warning' AS warning, hash(restriction, reason_shape, service) AS kind,
           stamped, first, last
    FROM decision_kinds WHERE stamped > 0 AND origin = 'smtpd' AND action IN ('reject_warning', 'reject')
),
warned AS MATERIALIZED (
    SELECT row_number() OVER () AS entry, *
    FROM (SELECT name, service, list(DISTINCT kind) AS kinds, min(first) AS first, max(last) AS last, sum(stamped)::BIGINT AS warnings
          FROM kinds WHERE warning GROUP BY name, service)
),
rejected AS (
    SELECT name, service, min(first) AS first, max(last) AS last, sum(stamped)::BIGINT AS rejects FROM kinds WHERE NOT warning GROUP BY name, service
),
lines AS (
    SELECT w.entry, d.ts, d.position
    FROM (SELECT hash(restriction::VARCHAR, reason_shape::VARCHAR, service::VARCHAR) AS kind, ts, position FROM decisions
          WHERE ts IS NOT NULL AND origin = 'smtpd' AND action = 'reject_warning') d
    JOIN (SELECT entry, unnest(kinds) AS kind FROM warned) w USING (kind)
),
silences AS (
    SELECT entry, max(epoch(ts - before)) AS silence
    FROM (SELECT entry, ts, lag(ts) OVER (PARTITION BY entry ORDER BY position) AS before FROM lines)
    GROUP BY entry
)
SELECT w.name, w.service, w.first, w.last, coalesce(s.silence, 0) AS silence, r.first AS first_reject, r.last AS last_reject,
       coalesce(r.rejects, 0) AS rejects, w.warnings
FROM warned w JOIN silences s USING (entry) LEFT JOIN rejected r ON r.name = w.name AND r.service IS NOT DISTINCT FROM w.service
