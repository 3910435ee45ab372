-- title: First tries by relay
-- question: Which relay takes how long at the first try?
-- tables: attempts, deliveries
-- parameters: $top rows
-- caveats: Percentiles are 50, 90, 95 and 99 %; as Delivery attempts with their kind of try. A relay is its host name; several addresses under one name are one relay.
--   Deferred first tries count as recipients and give no time. Hops to the own content filter are left out.
SELECT relay AS place, daemon,
       count(*) AS recipients,
       count(*) FILTER (WHERE try = 'first, deferred') AS deferred,
       coalesce(quantile_disc(delay, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads AND try = 'first'), [NULL, NULL, NULL, NULL]) AS delay,
       max(delay) FILTER (WHERE try = 'first') AS slowest,
       [quantile_disc(a, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads AND try = 'first'), quantile_disc(b, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads AND try = 'first'),
        quantile_disc(c, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads AND try = 'first'), quantile_disc(d, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads AND try = 'first')] AS stages,
       [max(a) FILTER (WHERE leads AND try = 'first'), max(b) FILTER (WHERE leads AND try = 'first'), max(c) FILTER (WHERE leads AND try = 'first'), max(d) FILTER (WHERE leads AND try = 'first')] AS slowest_stages,
       count(*) OVER () AS groups
FROM attempts JOIN (SELECT position, coalesce(relay_name, relay, '(not logged)') AS relay FROM deliveries) USING (position)
WHERE try IN ('first', 'first, deferred') AND NOT hop
GROUP BY 1, 2
ORDER BY 3 DESC, slowest DESC NULLS LAST, 1, 2
LIMIT $top
