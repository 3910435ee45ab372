-- title: First tries by week
-- question: Do deliveries get slower from week to week, and on which host?
-- tables: attempts, deliveries
-- parameters: $zone IANA name of the zone, $hosts whether hosts are told apart (a log of one host need not be asked for it)
-- caveats: as Delivery attempts with their kind of try. Weeks begin on Monday, local time; first and last may be parts of one, so the days are given.
SELECT transport, host, week::DATE AS week, count(DISTINCT moment::DATE) AS days, count(*) AS transactions, quantile_disc(delay, [0.5, 0.95]) AS delay,
       [round(summed(a) / count(a), 3), round(summed(b) / count(b), 3), round(summed(c) / count(c), 3), round(summed(d) / count(d), 3)] AS mean
FROM (
    SELECT CASE WHEN hop THEN daemon || ' to the filter' ELSE daemon END AS transport, host, delay, a, b, c, d,
           time_bucket(INTERVAL 15 MINUTES, ts) AT TIME ZONE 'UTC' AT TIME ZONE $zone AS moment, date_trunc('week', moment) AS week
    FROM attempts LEFT JOIN (SELECT position, host::VARCHAR AS host FROM deliveries WHERE $hosts) USING (position)
    WHERE try = 'first' AND leads AND ts IS NOT NULL
)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
