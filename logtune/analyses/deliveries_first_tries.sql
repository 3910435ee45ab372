-- title: First tries by transport
-- question: How long does a first try take per transport, and in which of the four stages does it wait?
-- tables: attempts
-- parameters: none
-- caveats: What the report shows of Delivery times by transport: half and 95 % of the transactions, seconds.
SELECT CASE WHEN hop THEN daemon || ' to the filter' ELSE daemon END AS transport,
       count(*) AS recipients,
       count(*) FILTER (WHERE leads) AS transactions,
       quantile_disc(delay, [0.5, 0.95]) FILTER (WHERE leads) AS delay,
       max(delay) AS slowest,
       [round(sum(a) FILTER (WHERE leads), 2), round(sum(b) FILTER (WHERE leads), 2),
        round(sum(c) FILTER (WHERE leads), 2), round(sum(d) FILTER (WHERE leads), 2)] AS waited
FROM attempts
WHERE try = 'first'
GROUP BY 1
ORDER BY recipients DESC, 1
