-- title: Sessions by host
-- question: Which sessions are what the outside world brought to each host by its MX record?
-- tables: session_facts
-- parameters: $to, $addresses (lists, side by side: host, and the address of another host of this log that hands it mail)
-- caveats: Kept as table server_sessions. mx: the service smtp (or smtpd behind postscreen), where mail comes by MX records; submission
--   does not. fellow: the client is another host of this log. A session whose connect line is missing counts from its last line.
WITH fellows AS (
    SELECT unnest($to::VARCHAR[]) AS host, unnest($addresses::VARCHAR[]) AS client_addr, true AS fellow
)
SELECT s.session, s.host::VARCHAR AS host, s.instance::VARCHAR AS instance, coalesce(s.connect_ts, s.end_ts) AS ts, s.connect_ts, s.end_ts, s.end_position, s.ended,
       s.client_addr,
       coalesce(f.fellow, false) AS fellow,
       coalesce(s.service IN ('smtp', 'smtpd', '25'), true) AS mx
FROM session_facts s LEFT JOIN fellows f ON f.host = s.host::VARCHAR AND f.client_addr = s.client_addr
