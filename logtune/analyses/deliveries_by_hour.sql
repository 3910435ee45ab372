-- title: First tries by hour
-- question: At which hour of the local day are deliveries slow?
-- tables: attempts
-- parameters: $zone IANA name of the zone
-- caveats: Percentiles are 50, 90, 95 and 99 %; as Delivery attempts with their kind of try. The hour is that of the delivery line, thus of the end of the try.
--   Time is cut to quarter hours before it is moved to the zone (all zones in use have offsets of whole quarters).
SELECT date_part('hour', time_bucket(INTERVAL 15 MINUTES, ts) AT TIME ZONE 'UTC' AT TIME ZONE $zone)::INTEGER AS hour,
       count(*) AS recipients,
       quantile_disc(delay, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads) AS delay,
       max(delay) AS slowest,
       [quantile_disc(a, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads), quantile_disc(b, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads),
        quantile_disc(c, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads), quantile_disc(d, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE leads)] AS stages,
       [max(a) FILTER (WHERE leads), max(b) FILTER (WHERE leads), max(c) FILTER (WHERE leads), max(d) FILTER (WHERE leads)] AS slowest_stages
FROM attempts
WHERE try = 'first' AND NOT hop AND ts IS NOT NULL
GROUP BY 1
HAVING count(*) FILTER (WHERE leads) > 0
ORDER BY 1
