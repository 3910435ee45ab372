-- Question: from when to when is a restriction seen on trial, and does it really reject before, after or meanwhile?
-- Tables: decisions. One row per restriction (or text) and service with warnings; rejects are lines of the same one.
-- silence is the longest time between two warnings in a row, in seconds.
WITH lines AS (
    SELECT trial_name(restriction::VARCHAR, reason_shape::VARCHAR) AS name, service::VARCHAR AS service, action = 'reject_warning' AS warning, ts, position
    FROM decisions WHERE ts IS NOT NULL AND origin = 'smtpd' AND action IN ('reject_warning', 'reject')
),
warned AS (
    SELECT name, service, min(ts) AS first, max(ts) AS last, coalesce(max(epoch(ts - before)), 0) AS silence, count(*) AS warnings
    FROM (SELECT name, service, ts, lag(ts) OVER (PARTITION BY name, service ORDER BY position) AS before FROM lines WHERE warning)
    GROUP BY name, service
)
SELECT w.name, w.service, w.first, w.last, w.silence, min(l.ts) AS first_reject, max(l.ts) AS last_reject, count(l.ts) AS rejects, w.warnings
FROM warned w LEFT JOIN lines l ON l.name = w.name AND l.service IS NOT DISTINCT FROM w.service AND NOT l.warning
GROUP BY ALL
