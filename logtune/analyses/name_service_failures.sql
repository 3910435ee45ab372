-- title: Names that could not be looked up
-- question: Which lookups failed for now, which names do not exist, and on how many different days and in how many lines?
-- tables: failed_deliveries, warnings
-- parameters: none
-- caveats: Postfix says "Host not found, try again" where the name server gave no answer (src/dns/dns_lookup.c, dns_strerror),
--   and "Temporary failure in name resolution" for addresses (getaddrinfo(3)). Only these are the resolver's; "Host not found" is the
--   name's own fault. A 450 for a HELO or sender name says both with the same words and is asked about elsewhere.
WITH said AS (
    SELECT ts, position, reason AS text, 'deliveries' AS where_said FROM failed_deliveries
    WHERE reason LIKE '%Name service error%' OR reason LIKE '%Temporary failure in name resolution%'
    UNION ALL
    SELECT ts, position, text, CASE WHEN text LIKE 'hostname %' THEN 'reverse lookups of clients' ELSE 'lookups of restrictions and lists' END FROM warnings
    WHERE text LIKE '%Name service error%' OR text LIKE 'hostname % does not resolve to address %'
), classed AS (
    SELECT where_said, ts, position,
           coalesce(nullif(regexp_extract(text, 'Name service error for name=(\S+)', 1), ''), nullif(regexp_extract(text, '^hostname (\S+)', 1), '')) AS name,
           CASE WHEN text LIKE '%try again%' OR text LIKE '%Temporary failure%' THEN 'no answer'
                WHEN text LIKE 'hostname %' THEN 'name does not lead to the address'
                WHEN text LIKE '%no data record%' THEN 'no record of the type' ELSE 'no such name' END AS why
    FROM said
)
SELECT where_said, why, count(*) AS lines, count(DISTINCT name) AS names, min(ts) AS first, max(ts) AS last
FROM classed
GROUP BY ALL
ORDER BY lines DESC, 1, 2
