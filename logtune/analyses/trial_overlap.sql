-- Question: which combinations of restrictions stop the accepted recipients, and how many does each stop alone?
-- Tables: flagged. Services are not told apart: a recipient passes one service only.
SELECT names, count(*) AS recipients
FROM (SELECT id, list(DISTINCT name ORDER BY name) AS names FROM flagged WHERE outcome = 'accepted' GROUP BY id)
GROUP BY names ORDER BY recipients DESC, names
