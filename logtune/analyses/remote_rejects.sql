-- title: Own mail that other sites rejected or deferred
-- question: Why did other sites not take our mail, and which ones?
-- tables: failed_deliveries, deliveries, message_facts, days
-- parameters: none
-- caveats: Deliveries of smtp to other hosts (no own filter: no loopback port but 25, no successor; no verification probes); forwarded mail of strangers is in it.
--   The cause is read from the remote side's words (English), first match wins; what no pattern knows is 'other'.
--   Recipients are (mail, recipient) pairs; a recipient tried several times counts once per cause. Notices: mail from the null sender,
--   such as bounces to forged senders. Two kinds of rows: per cause and destination (no day), and per cause and day (no destination).
WITH sent AS (
    SELECT DISTINCT message, recipient FROM deliveries SEMI JOIN failed_deliveries USING (message) WHERE status = 'sent'
), failures AS (
    SELECT d.message, d.recipient, d.status, d.ts, d.position, d.reason, d.dsn,
           coalesce(d.reason, '') LIKE '%said:%' OR coalesce(d.reason, '') LIKE '%refused to talk to me:%' AS spoken,
           sent.message IS NOT NULL AS delivered, message_facts.sender = '' AS notice
    FROM failed_deliveries AS d
    LEFT JOIN sent ON sent.message = d.message AND sent.recipient = d.recipient
    LEFT JOIN message_facts ON message_facts.message = d.message
    WHERE d.daemon = 'smtp' AND d.status IN ('bounced', 'deferred', 'softbounce') AND d.successor IS NULL
      AND NOT ((coalesce(d.relay_addr, '') LIKE '127.%' OR coalesce(d.relay_addr, '') = '::1') AND coalesce(d.relay_port, 0) <> 25)
), caused AS MATERIALIZED ( -- else the patterns are compiled for each of the two questions below
    SELECT *,
           CASE -- src/smtp/smtp_connect.c, smtp_addr.c: nobody answered
                WHEN NOT spoken AND regexp_matches(reason, '(?i)host or domain name not found|name service error|no MX|unable to look up|nullMX|does not accept mail') THEN 'the domain cannot be found'
                WHEN NOT spoken AND regexp_matches(reason, '(?i)TLS|certificate|STARTTLS') THEN 'TLS'
                WHEN NOT spoken AND regexp_matches(reason, '(?i)^\(?connect to|lost connection|timed out|refused|no route|unreachable|conversation with') THEN 'no connection'
                WHEN NOT spoken THEN 'other'
                -- enhanced codes x.7.20 to x.7.28: RFC 7372
                WHEN regexp_matches(reason, '(?i)gr[ae]y-?\s?list') THEN 'greylisted'
                WHEN regexp_matches(reason, '(?i)\b(spf|dkim|dmarc)\b|unauthenticated (mail|email|sender)|[45]\.7\.2[0-46]\b') THEN 'not authenticated (SPF, DKIM, DMARC)'
                WHEN regexp_matches(reason, '(?i)block-?\s?list|black-?\s?list|block(ed)? (using|by|list)|spamhaus|spamcop|barracuda|dnsbl|\brbl\b|listed (at|in|by|on)\b|reputation|your (ip|network|host).{0,40}(block|ban|list|denied)|\b(ip|address|client|host) .{0,60}\b(blocked|banned)') THEN 'our address is blocked'
                WHEN dsn IN ('5.7.25', '4.7.25') OR regexp_matches(reason, '(?i)reverse (dns|hostname|lookup)|\bptr\b|cannot find your (reverse )?hostname|helo|ehlo command|fcrdns') THEN 'our host name'
                WHEN dsn IN ('5.7.28', '4.7.28') OR regexp_matches(reason, '(?i)rate.?limit|too many|too fast|throttl|exceeded|receiving mail at a rate|deferred due to (user complaints|unexpected volume)') AND NOT regexp_matches(reason, '(?i)quota|mailbox|storage|size') THEN 'too much mail at once'
                WHEN dsn IN ('5.2.2', '4.2.2') OR regexp_matches(reason, '(?i)quota|mailbox (is )?full|full mailbox|out of storage|insufficient.{0,20}storage') THEN 'mailbox full'
                WHEN dsn IN ('5.3.4', '5.2.3') OR regexp_matches(reason, '(?i)(message|mail) (size )?(is )?(too (big|large)|exceeds)') THEN 'mail too large'
                WHEN dsn IN ('5.1.1', '5.1.10', '5.5.0') AND regexp_matches(reason, '(?i)user|recipient|mailbox|address|account|not exist|unknown|RCPT')
                     OR regexp_matches(reason, '(?i)user unknown|unknown user|no such (user|recipient|mailbox|address)|(user|recipient|mailbox|account|address)[^.;]{0,30}(not (found|exist)|unknown|unavailable|disabled|inactive)|does ?n.t exist') THEN 'no such recipient'
                WHEN regexp_matches(reason, '(?i)relay') THEN 'relay denied'
                WHEN regexp_matches(reason, '(?i)spam|virus|malware|phish|content|bulk|unsolicited|policy') THEN 'content or policy'
                WHEN dsn LIKE '4.3.%' OR regexp_matches(reason, '(?i)temporar|try again later|service (is )?unavailable') THEN 'trouble over there'
                ELSE 'other' END AS cause
    FROM failures
), recipients AS ( -- a recipient counts once per cause
    SELECT cause, lower(split_part(recipient, '@', -1)) AS destination, message, recipient, count(*) AS attempts,
           bool_or(status = 'bounced') AS bounced, bool_or(delivered) AS delivered, bool_or(notice) AS notice,
           max(position) AS last, arg_max(reason, position) AS sample
    FROM caused GROUP BY ALL
)
SELECT cause, destination, NULL AS "day", count(*) AS recipients, sum(attempts)::BIGINT AS attempts,
       count(*) FILTER (WHERE bounced) AS bounced, count(*) FILTER (WHERE delivered) AS delivered_later,
       count(*) FILTER (WHERE notice) AS notices, arg_max(sample, last) AS sample, true AS per_destination
FROM recipients
GROUP BY cause, destination
UNION ALL
SELECT cause, NULL, "day", count(*), NULL, NULL, NULL, NULL, NULL, false
FROM (
    SELECT DISTINCT cause, days."day", message, recipient
    FROM caused LEFT JOIN days ON caused.ts >= days."begin" AND caused.ts < days."end"
)
GROUP BY cause, "day"
ORDER BY recipients DESC, 1, 2, 3
