-- Question: which host accepted a recipient?
-- Tables: recipient_facts, session_facts, queue. Kept as table "trial_host_of", one row per accepted recipient.
-- Caveats: the host of the session, else the one that its queue file is on.
SELECT r.id, coalesce(s.host::VARCHAR, q.host) AS host
FROM recipient_facts r
LEFT JOIN session_facts s USING (session)
LEFT JOIN (SELECT message, any_value(host::VARCHAR) AS host FROM queue WHERE message IS NOT NULL GROUP BY message) q ON q.message = r.message
WHERE r.outcome = 'accepted'
