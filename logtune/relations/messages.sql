-- Messages: one row per life of a queue file, and per mail that a before-queue filter took (docs/relations.md).
-- Tables: queue, decisions, deliveries. Relations: message_facts. A view: no report needs the texts that are looked up here.
SELECT m.message, coalesce(s.host, j.host, d.host) AS host, coalesce(s.instance, j.instance, d.instance) AS instance,
       coalesce(s.queue_id, j.queue_id, d.queue_id) AS queue_id, m.session, s.service, m.first_ts, m.client_name, m.client_addr,
       s.sasl_method, m.sasl_username, s.message_id, m.sender, m.size, m.nrcpt, m.via, m.accepted, m.accepted_as,
       m.active_ts, m.removed_ts, m.expired, m.held, m.discarded, m.refused, m.predecessor, m.reinjected, m.aborted
FROM message_facts m
LEFT JOIN (
    SELECT message, any_value(host) AS host, any_value(instance) AS instance, arg_max(queue_id, position) AS queue_id,
           arg_min(service, position) FILTER (WHERE event = 'client') AS service, max(sasl_method) AS sasl_method,
           arg_min(message_id, position) FILTER (WHERE event = 'message_id') AS message_id
    FROM queue WHERE message IS NOT NULL GROUP BY message
) s ON s.message = m.message
LEFT JOIN (
    SELECT message, any_value(host) AS host, any_value(instance) AS instance, max(queue_id) AS queue_id
    FROM decisions WHERE message IS NOT NULL GROUP BY message
) j ON j.message = m.message
LEFT JOIN (
    SELECT message, any_value(host) AS host, any_value(instance) AS instance, any_value(queue_id) AS queue_id
    FROM deliveries WHERE message IS NOT NULL GROUP BY message
) d ON d.message = m.message
