-- title: Where the waiting of each stage is
-- question: At which relay or destination is most of the time of each stage spent, per transport?
-- tables: attempts, deliveries
-- parameters: none
-- caveats: as Delivery attempts with their kind of try: first tries that were not deferred, a transaction once. Stages c and d by relay (its
--   host name), b by the recipient's domain, because qmgr limits destinations. Stage a is over before a destination is known.
WITH tries AS (
    SELECT CASE WHEN hop THEN daemon || ' to the filter' ELSE daemon END AS transport, b, c, d, lower(split_part(recipient, '@', -1)) AS domain, relay
    FROM attempts JOIN (SELECT position, recipient, coalesce(relay_name, relay, '(not logged)') AS relay FROM deliveries) USING (position)
    WHERE try = 'first' AND leads
), domains AS (
    SELECT transport, domain, count(*) AS tries, sum(b) AS b FROM tries GROUP BY ALL
), relays AS (
    SELECT transport, relay, count(*) AS tries, sum(c) AS c, sum(d) AS d FROM tries GROUP BY ALL
)
SELECT transport, 'b' AS stage, arg_max(domain, b) AS place, max(b) AS waited, arg_max(tries, b)::BIGINT AS tries, count(*) AS places FROM domains GROUP BY 1
UNION ALL
SELECT transport, 'c', arg_max(relay, c), max(c), arg_max(tries, c)::BIGINT, count(*) FROM relays GROUP BY 1
UNION ALL
SELECT transport, 'd', arg_max(relay, d), max(d), arg_max(tries, d)::BIGINT, count(*) FROM relays GROUP BY 1
