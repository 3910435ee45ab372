-- Stopped: commands that were really refused before a recipient could be named (used by recipient_facts, no relation of its own).
-- Tables: decisions. Relations: message_facts, judged. One row per sender and session, with the position of its first line as id.
WITH command_refused AS (
    -- CONNECT, greeting or MAIL really refused (smtpd_delay_reject = no): the mail never came as far as a recipient
    SELECT min(position) AS id, session, min(ts) AS ts, arg_min(client_name, position) AS client_name,
           arg_min(client_addr, position) AS client_addr, arg_min(helo, position) AS helo, any_value(sender) AS sender, max(sasl_username) AS sasl_username,
           arg_min(coalesce(restriction, reason_shape), position) AS refused_by, arg_min(reply_code, position) AS by_code,
           arg_min(protocol_state, position) AS protocol_state
    FROM decisions
    WHERE action IN ('reject', 'hangup') AND protocol_state IN ('CONNECT', 'HELO', 'EHLO', 'MAIL') AND session IS NOT NULL AND message IS NULL
    GROUP BY session, sender
)
SELECT c.* FROM command_refused c
WHERE c.protocol_state = 'MAIL'
   OR NOT EXISTS (FROM judged j WHERE j.session = c.session)
  AND NOT EXISTS (FROM message_facts m WHERE m.session = c.session)
  AND NOT EXISTS (FROM command_refused o WHERE o.session = c.session AND o.id < c.id)
