-- title: Delivery attempts with their kind of try
-- question: Which attempts are first tries, which retries, and which lines stand for one transaction?
-- tables: deliveries
-- parameters: $begin first time stamp of the log
-- caveats: Kept as table `attempts` for the queries on times. A transaction with several recipients writes a line for each, with the
--   same delays: its first line leads and counts for time, every line counts for recipients (same mail, process, relay, status and delays;
--   two deliveries of one mail that happen to agree in all of it count once). First: no earlier deferral of that recipient of that mail.
--   Mail that arrived before the log begins is apart ('before the log'), its earlier tries are unknown. Deferred first tries are apart:
--   their time is the remote side's. Verification probes and lines without delay= are left out.
--   Recipient and relay are looked up by position where a question needs them. own_filter: a loopback address on another port than 25.
WITH waiting AS (
    SELECT message, recipient, min(position) AS since
    FROM deliveries
    WHERE status IN ('deferred', 'softbounce')
    GROUP BY ALL
), numbered AS ( -- one number for a transaction: grouping by ten columns was measured to cost twice as much
    SELECT position, ts, daemon, message, recipient, status, delay, delay_before_qmgr, delay_in_qmgr, delay_setup, delay_transmit,
           successor, relay_addr, relay_port,
           hash(message, daemon, pid, relay, status, delay, delay_before_qmgr, delay_in_qmgr, delay_setup, delay_transmit) AS transaction
    FROM deliveries
    WHERE status NOT IN ('deliverable', 'undeliverable') AND delay IS NOT NULL
), leaders AS (
    SELECT min(position) AS position FROM numbered GROUP BY transaction
)
SELECT d.position, d.ts, d.daemon, d.delay,
       d.delay_before_qmgr AS a, d.delay_in_qmgr AS b, d.delay_setup AS c, d.delay_transmit AS d,
       d.successor IS NOT NULL AS hop,
       (coalesce(d.relay_addr, '') LIKE '127.%' OR coalesce(d.relay_addr, '') = '::1') AND coalesce(d.relay_port, 0) <> 25 AS own_filter,
       leaders.position IS NOT NULL AS leads,
       CASE WHEN d.position > waiting.since THEN 'retry'
            WHEN d.ts - to_milliseconds((d.delay * 1000)::BIGINT) < $begin::TIMESTAMP - INTERVAL 1 SECOND THEN 'before the log'
            WHEN d.status IN ('deferred', 'softbounce') THEN 'first, deferred'
            ELSE 'first' END AS try
FROM numbered AS d
LEFT JOIN leaders ON leaders.position = d.position
LEFT JOIN waiting ON waiting.message = d.message AND waiting.recipient = d.recipient
