-- title: Delivery attempts with their kind of try
-- question: Which attempts are first tries, which retries, and which lines stand for one transaction?
-- tables: deliveries, failed_deliveries
-- parameters: $begin first time stamp of the log
-- caveats: Kept as table `attempts` for the queries on times. A transaction with several recipients writes a line for each, with the
--   same delays: its first line leads and counts for time, every line counts for recipients (same mail, process, relay, status and delays;
--   two deliveries of one mail that happen to agree in all of it count once). First: no earlier deferral of that recipient of that mail.
--   Mail that arrived before the log begins is apart ('before the log'), its earlier tries are unknown. Deferred first tries are apart:
--   their time is the remote side's. Verification probes and lines without delay= are left out.
--   Recipient and relay are looked up by position where a question needs them. own_filter: a loopback address on another port than 25.
WITH retries AS (
    SELECT deliveries.position
    FROM deliveries
    JOIN (
        SELECT message, recipient, min(position) AS since FROM failed_deliveries WHERE status IN ('deferred', 'softbounce') GROUP BY ALL
    ) AS waiting ON waiting.message = deliveries.message AND waiting.recipient = deliveries.recipient AND deliveries.position > waiting.since
), numbered AS ( -- one number for a transaction: grouping by ten columns was measured to cost twice as much
    SELECT position, ts, daemon, delay, delay_before_qmgr AS a, delay_in_qmgr AS b, delay_setup AS c, delay_transmit AS d,
           successor IS NOT NULL AS hop,
           (coalesce(relay_addr, '') LIKE '127.%' OR coalesce(relay_addr, '') = '::1') AND coalesce(relay_port, 0) <> 25 AS own_filter,
           status IN ('deferred', 'softbounce') AS deferred,
           hash(message, daemon, pid, relay_addr, relay_port, status, delay, delay_before_qmgr, delay_in_qmgr, delay_setup, delay_transmit) AS transaction
    FROM deliveries
    WHERE status NOT IN ('deliverable', 'undeliverable') AND delay IS NOT NULL
), shared AS ( -- few transactions have several lines
    SELECT transaction, min(position) AS leader FROM numbered GROUP BY transaction HAVING count(*) > 1
), followers AS (
    SELECT position FROM numbered JOIN shared USING (transaction) WHERE position <> leader
)
SELECT position, ts, daemon, delay, a, b, c, d, hop, own_filter,
       position NOT IN (FROM followers) AS leads,
       CASE WHEN position IN (FROM retries) THEN 'retry'
            WHEN ts - to_milliseconds((delay * 1000)::BIGINT) < $begin::TIMESTAMP - INTERVAL 1 SECOND THEN 'before the log'
            WHEN deferred THEN 'first, deferred'
            ELSE 'first' END AS try
FROM numbered
