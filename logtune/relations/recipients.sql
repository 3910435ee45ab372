-- Recipients: one row per RCPT TO of one mail in one session, with outcome and fate (docs/relations.md).
-- Tables: decisions, deliveries. Relations: rcpt, session_facts, messages, recipient_facts. A view: no report needs all the texts that
-- are looked up here. Of recipients that decision lines name, and of refused commands, the lines tell, of others the mail.
SELECT r.id, r.session, r.message, r.ts,
       CASE WHEN l.id IS NOT NULL THEN l.host ELSE m.host END AS host,
       CASE WHEN l.id IS NOT NULL THEN l.instance ELSE m.instance END AS instance,
       CASE WHEN l.id IS NOT NULL THEN l.service ELSE m.service END AS service,
       coalesce(l.pid, s.pid) AS pid, coalesce(l.queue_id, m.queue_id) AS queue_id, r.client_name, r.client_addr,
       r.helo, r.sender, coalesce(l.recipient, d.recipient) AS recipient, r.sasl_username,
       r.outcome, r."by", r.by_code, r.fate, r.by_state, r.hops, r.reinjected, r.stands
FROM recipient_facts r
LEFT JOIN (
    -- smtpd and cleanup, or postscreen, may have lines of one recipient: the first that has it tells, as in judged.sql
    SELECT coalesce(n.id, x.position) AS id, arg_min(host, position) AS host, arg_min(instance, position) AS instance,
           arg_min(service, position) AS service, arg_min(pid, position) AS pid, max(queue_id) AS queue_id,
           arg_min(recipient, position) FILTER (WHERE n.id IS NOT NULL) AS recipient
    FROM decisions x LEFT JOIN rcpt n USING (position) GROUP BY 1
) l ON l.id = r.id AND NOT (r.stands AND r.message IS NOT NULL)
LEFT JOIN (SELECT position AS id, coalesce(orig_recipient, recipient) AS recipient FROM deliveries) d ON d.id = r.id AND NOT r.stands
LEFT JOIN session_facts s ON s.session = r.session
LEFT JOIN messages m ON m.message = r.message
