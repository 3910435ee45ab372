-- Question: which combinations of restrictions stop the accepted recipients, and how many does each stop alone?
-- Tables: marked, entries. Services are not told apart: a recipient passes one service only.
-- Caveats: recipients of one combination are found by a number, the names are those of one of them.
WITH stopped AS (
    SELECT DISTINCT f.id, n.number FROM marked f JOIN entries n USING (entry) WHERE f.outcome = 'accepted'
),
combinations AS (
    SELECT combination, min(id) AS id, count(*) AS recipients
    FROM (SELECT id, bit_xor(hash(number)) AS combination FROM stopped GROUP BY id) GROUP BY combination
)
SELECT list(DISTINCT n.name ORDER BY n.name) AS names, any_value(c.recipients) AS recipients
FROM combinations c JOIN stopped s USING (id) JOIN entries n USING (number)
GROUP BY c.combination ORDER BY recipients DESC, names
