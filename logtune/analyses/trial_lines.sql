-- Question: which lines tell whether a restriction is on trial on a host, and whether it really rejects there?
-- Tables: decisions. One row per warning of a trial, and per reject of a restriction (or text) that warns anywhere.
-- Caveats: kept as table "trial_lines"; trial_counts.sql and trial_borders.sql read it in place of decisions, for one host at a time.
SELECT trial_name(restriction::VARCHAR, reason_shape::VARCHAR) AS name, host::VARCHAR AS host, service, origin, action, restriction, reason_shape,
       object, reply_code, protocol_state, repeat, ts, position
FROM decisions
WHERE action = 'reject_warning'
   OR origin = 'smtpd' AND action = 'reject'
      AND (restriction IN (SELECT restriction FROM decisions WHERE action = 'reject_warning')
           OR restriction IS NULL AND reason_shape IN (SELECT reason_shape FROM decisions WHERE action = 'reject_warning'))
