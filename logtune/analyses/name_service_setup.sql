-- title: Time to connect, in classes
-- question: Do deliveries wait 5 s or 10 s to connect too often, as they do when a name server does not answer?
-- tables: attempts
-- parameters: none
-- caveats: Stage c holds DNS, TCP, EHLO and TLS: a peak just over 5 s or 10 s (the resolver asks again) is a hint, no proof.
--   Transactions of smtp to other hosts, first tries that were not deferred. Logged with two digits: 10.3 s is logged as 10.
SELECT CASE WHEN c < 1 THEN 'under 1 s'
            WHEN c < 5 THEN '1 – 4.9 s'
            WHEN c < 5.35 THEN '5.0 – 5.3 s'
            WHEN c < 9.95 THEN '5.4 – 9.9 s'
            WHEN c < 10.5 THEN '10 s'
            ELSE 'over 10 s' END AS class,
       count(*) AS transactions,
       summed(c) AS waited
FROM attempts
WHERE try = 'first' AND leads AND NOT hop AND daemon = 'smtp' AND c IS NOT NULL
  AND NOT own_filter
GROUP BY 1
ORDER BY min(c)
