-- title: Deliveries that failed
-- question: Which delivery attempts did not end in a delivery?
-- tables: deliveries
-- parameters: none
-- caveats: Kept as table `failed_deliveries` for the questions on them. Address verification probes are here, too.
SELECT ts, position, daemon, message, recipient, status, dsn, reason, relay_addr, relay_port, successor
FROM deliveries
WHERE status <> 'sent'
