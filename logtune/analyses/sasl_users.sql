-- title: Failed logins by name
-- question: Which login names were tried, from how many clients?
-- tables: failures
-- parameters: $top rows
-- caveats: Names are logged since Postfix 3.5 only. The name is what the client sent; it need not exist.
SELECT username, sum(coalesce(repeat, 1))::BIGINT AS failures, count(DISTINCT client_addr) AS clients,
       min(ts) AS first, max(ts) AS last, count(*) OVER () AS groups
FROM failures
WHERE username IS NOT NULL
GROUP BY 1
ORDER BY failures DESC, 1
LIMIT $top
