-- title: Reject lines by restriction and protocol state
-- question: Which restriction wrote how many reject lines, in which protocol state, for which service?
-- tables: decision_kinds
-- parameters: none
-- caveats: Lines, not recipients: a client that tries again writes again, and rejects of HELO, VRFY or ETRN concern no recipient.
--   "message repeated N times" counts N. Origins other than smtpd name no restriction: milter, proxy, cleanup (header and body checks), postscreen.
SELECT CASE WHEN restriction IS NOT NULL THEN restriction
            WHEN part IS NOT NULL THEN part || '_checks'
            WHEN origin = 'smtpd' THEN '(text not known)'
            ELSE '(' || origin || ')' END AS restriction,
       coalesce(protocol_state, '(not logged)') AS protocol_state,
       host, instance, service,
       sum(lines)::BIGINT AS lines
FROM decision_kinds
WHERE action = 'reject'
GROUP BY ALL
ORDER BY lines DESC, 1, 2, 3, 4, 5
