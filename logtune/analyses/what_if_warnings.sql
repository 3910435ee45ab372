-- title: Decisions with computed warnings
-- question: What would the table of decisions be, had the list been on trial and nothing else?
-- tables: decisions, what_if_flags. Relations: recipients
-- parameters: none
-- caveats: One row stands for the warning lines of a restriction and recipient, at the position of a line of that
--   recipient. Real warnings are left out: a computation is shown apart from what is on trial.
SELECT * FROM decisions WHERE action IS DISTINCT FROM 'reject_warning'
UNION ALL BY NAME
SELECT r.ts, f.position, r.host, r.instance, f.service, 'smtpd' AS daemon, r.pid, r.queue_id, r.session, r.message, 1 AS repeat,
       'smtpd' AS origin, 'reject_warning' AS action, f.protocol_state, r.client_name, r.client_addr, f.reply_code, f.dsn,
       CASE WHEN f.text LIKE 'Helo command%' THEN r.helo END AS object, f.text AS reason, f.text AS reason_shape, f.restriction,
       r.sender, r.recipient, r.helo, r.sasl_username
FROM what_if_flags f JOIN recipients r USING (id)
