-- title: Traffic by host
-- question: How much does each host of this log do?
-- tables: server_sessions, message_facts, recipient_facts, queue
-- parameters: none
-- caveats: Mail that one host hands to another counts on both. Mail that a content filter gave back counts once. A recipient or mail
--   without a session is of the host that its queue file is on.
WITH sessions AS (
    SELECT host, count(*) AS sessions, count(*) FILTER (WHERE mx AND NOT fellow) AS mx_sessions,
           count(*) FILTER (WHERE fellow) AS of_fellows, count(DISTINCT client_addr) AS clients
    FROM server_sessions GROUP BY host
), hosts_of_mail AS (
    SELECT message, any_value(host::VARCHAR) AS host FROM queue WHERE message IS NOT NULL GROUP BY message
), mails AS (
    SELECT coalesce(s.host, q.host) AS host, count(*) FILTER (WHERE m.accepted) AS mails,
           coalesce(sum(m.size) FILTER (WHERE m.accepted), 0)::BIGINT AS bytes
    FROM message_facts m LEFT JOIN server_sessions s USING (session) LEFT JOIN hosts_of_mail q ON q.message = m.message
    WHERE NOT coalesce(m.reinjected, false)
    GROUP BY 1
), recipients AS (
    SELECT coalesce(s.host, q.host) AS host, count(*) AS recipients,
           count(*) FILTER (WHERE r.outcome = 'accepted') AS accepted,
           count(*) FILTER (WHERE r.outcome = 'rejected') AS rejected,
           count(*) FILTER (WHERE r.outcome = 'deferred') AS deferred
    FROM recipient_facts r LEFT JOIN server_sessions s USING (session) LEFT JOIN hosts_of_mail q ON q.message = r.message
    WHERE NOT coalesce(r.reinjected, false)
    GROUP BY 1
)
SELECT host, coalesce(sessions, 0), coalesce(mx_sessions, 0), coalesce(of_fellows, 0), coalesce(clients, 0), coalesce(mails, 0), coalesce(bytes, 0),
       coalesce(recipients, 0), coalesce(accepted, 0), coalesce(rejected, 0), coalesce(deferred, 0)
FROM sessions FULL JOIN mails USING (host) FULL JOIN recipients USING (host)
WHERE host IS NOT NULL
ORDER BY 2 DESC, 1
