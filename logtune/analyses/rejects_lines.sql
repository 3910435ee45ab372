-- title: Reject lines by restriction and protocol state
-- question: Which restriction wrote how many reject lines, in which protocol state, for which service?
-- tables: decisions
-- parameters: none
-- caveats: Lines, not recipients: a client that tries again writes again, and rejects of HELO, VRFY or ETRN concern no recipient.
--   "message repeated N times" counts N. Origins other than smtpd name no restriction: milter, proxy, cleanup (header and body checks), postscreen.
SELECT CASE WHEN restriction IS NOT NULL THEN restriction::VARCHAR
            WHEN part IS NOT NULL THEN part || '_checks'
            WHEN origin = 'smtpd' THEN '(text not known)'
            ELSE '(' || origin || ')' END AS restriction,
       coalesce(protocol_state::VARCHAR, '(not logged)') AS protocol_state,
       host, instance, service,
       sum(coalesce(repeat, 1))::BIGINT AS lines
FROM decisions
WHERE action = 'reject'
GROUP BY ALL
ORDER BY lines DESC, 1, 2, 3, 4, 5
