-- Judged: the recipients that decision lines name (used by the relations after it, no relation of its own).
-- Tables: decisions. Relations: rcpt. One row per recipient; refused: a line really refused it, by_state where.
-- name is the hash of its address in lower case, compared within one mail.
WITH lines AS (
    SELECT r.id, d.*, d.action IN ('reject', 'hangup') AS refuses FROM decisions d JOIN rcpt r USING (position)
)
SELECT id, any_value(session) AS session, any_value(message) AS message, min(ts) AS ts,
       arg_max(client_name, position) AS client_name,
       arg_max(client_addr, position) AS client_addr, arg_max(helo, position) AS helo,
       arg_min(sender, position) AS sender, max(sasl_username) AS sasl_username,
       arg_min(coalesce(restriction, reason_shape), position) FILTER (WHERE refuses) AS refused_by,
       arg_min(coalesce(reply_code, TRY_CAST(substr(dsn, 1, 1) AS INT) * 100 + 50), position) FILTER (WHERE refuses) AS by_code,
       arg_min(protocol_state, position) FILTER (WHERE refuses) AS by_state,
       coalesce(bool_or(refuses), false) AS refused, hash(lower(any_value(recipient))) AS name
FROM lines GROUP BY id
