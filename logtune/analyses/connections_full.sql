-- title: Moments near the limit
-- question: When were all processes of a service busy or nearly all, and how many?
-- tables: session_levels
-- parameters: $number of the service (Services by number), $near sessions from which a moment counts
-- caveats: as Sessions at the same moment, step by step. At the limit new clients wait in the listen backlog; they are not turned away.
SELECT ts, until, level::INTEGER AS level
FROM session_levels
WHERE number = $number AND level >= $near AND ts IS NOT NULL
ORDER BY ts
