-- title: Delivery times by transport
-- question: How long does a delivery take per transport, and in which of the four stages?
-- tables: attempts
-- parameters: none
-- caveats: as Delivery attempts with their kind of try. Percentiles of transactions are logged values (two digits), seconds.
--   Hops to the own content filter are a transport of their own ('DAEMON to the filter').
SELECT CASE WHEN hop THEN daemon || ' to the filter' ELSE daemon END AS transport, try,
       count(*) AS recipients,
       count(*) FILTER (WHERE leads) AS transactions,
       quantile_disc(delay, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads) AS delay,
       quantile_disc(a, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads) AS a,
       quantile_disc(b, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads) AS b,
       quantile_disc(c, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads) AS c,
       quantile_disc(d, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads) AS d,
       [max(delay), max(a), max(b), max(c), max(d)] AS slowest,
       [round(summed(CASE WHEN leads THEN a END), 2), round(summed(CASE WHEN leads THEN b END), 2),
        round(summed(CASE WHEN leads THEN c END), 2), round(summed(CASE WHEN leads THEN d END), 2)] AS waited
FROM attempts
GROUP BY 1, 2
ORDER BY recipients DESC, 1, 2
