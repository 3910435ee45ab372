-- title: Reject lines by DNS list
-- question: Which DNS block list stopped how much?
-- tables: decisions
-- parameters: $top rows
-- caveats: The list's name is read from the default text ("blocked using NAME"); a site with its own rbl_reply_maps may say otherwise.
--   Lines, not recipients. The first list in the configuration takes the most: the order matters.
SELECT lower(regexp_extract(reason, '(?i)blocked using ([^\s;,]+)', 1)) AS list,
       coalesce(restriction, '(' || origin || ')') AS restriction,
       sum(coalesce(repeat, 1))::BIGINT AS lines,
       count(DISTINCT client_addr) AS clients,
       count(*) OVER () AS groups
FROM decisions
WHERE action = 'reject' AND reason_shape ILIKE '%blocked using%'
GROUP BY 1, 2
ORDER BY lines DESC, 1, 2
LIMIT $top
