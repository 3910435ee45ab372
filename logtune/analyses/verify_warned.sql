-- title: Warnings for a comparison of two logs
-- question: Which recipient was warned about by which restriction on trial, and where?
-- tables: Relations: flags
-- parameters: none
-- caveats: Asked of both logs. Where the text does not name a restriction, the text stands for it, as in column by of
--   recipients. A warning that may concern another greeting counts only as a sign that the restriction is on trial.
SELECT id, coalesce(restriction, text) AS name, coalesce(service, 'smtp') AS service, bool_or(certain) AS certain, min(reply_code) AS reply_code
FROM flags GROUP BY ALL
