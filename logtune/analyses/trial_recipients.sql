-- Question: every flagged recipient with its flags (the recipients of logtune.trial/1).
-- Tables: recipients, flags, flagged, sources. harm: for whom enforcing would be bad, null unless accepted. source and offset name the raw line: position = rank << 40 | offset.
WITH flagged_by AS (
    SELECT f.id, bool_or(f.certain) AS certain,
           list({'restriction': f.restriction, 'text': f.text, 'protocol_state': f.protocol_state, 'reply_code': f.reply_code,
                 'dsn': f.dsn, 'source': s.name, 'offset': f.position & ((1::BIGINT << 40) - 1), 'certain': f.certain}
                ORDER BY f.position) AS flags
    FROM flags f LEFT JOIN sources s ON s.rank = f.position >> 40
    GROUP BY f.id
)
SELECT r.session, r.message, r.ts, r.host, r.pid, r.queue_id, r.client_name, r.client_addr, r.helo, r.sender, r.recipient,
       r.sasl_username, CASE WHEN f.certain THEN r.outcome ELSE 'unknown' END AS outcome, r."by", r.fate, h.harm, r.id, f.flags
FROM flagged_by f JOIN recipients r USING (id)
LEFT JOIN (SELECT id, min(harm) AS harm FROM flagged WHERE outcome = 'accepted' GROUP BY id) h USING (id)
ORDER BY r.id
