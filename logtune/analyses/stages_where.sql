-- title: Where the waiting of each stage is
-- question: At which relays or destinations is most of the time of each stage spent, per transport?
-- tables: attempts, deliveries
-- parameters: $most places per transport and stage
-- caveats: as Delivery attempts with their kind of try: first tries that were not deferred, a transaction once. Stages c and d by relay (its
--   host name), b by the recipient's domain, because qmgr limits destinations. Stage a is over before a destination is known.
WITH tries AS (
    SELECT CASE WHEN hop THEN daemon || ' to the filter' ELSE daemon END AS transport, b, c, d, lower(split_part(recipient, '@', -1)) AS domain, relay
    FROM attempts JOIN (SELECT position, recipient, coalesce(relay_name, relay, '(not logged)') AS relay FROM deliveries) USING (position)
    WHERE try = 'first' AND leads
), relays AS (
    SELECT transport, relay, count(*) AS tries, summed(c) AS c, summed(d) AS d FROM tries GROUP BY ALL
), places AS (
    SELECT transport, 'b' AS stage, domain AS place, count(*) AS tries, summed(b) AS waited FROM tries GROUP BY ALL
    UNION ALL
    SELECT transport, 'c', relay, tries, c FROM relays
    UNION ALL
    SELECT transport, 'd', relay, tries, d FROM relays
)
SELECT transport, stage, place, waited, tries, count(*) OVER (PARTITION BY transport, stage) AS places
FROM places
QUALIFY row_number() OVER (PARTITION BY transport, stage ORDER BY waited DESC NULLS LAST, place) <= $most
ORDER BY transport, stage, waited DESC NULLS LAST, place
