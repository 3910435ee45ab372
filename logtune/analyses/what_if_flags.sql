-- title: Computed flags
-- question: Which recipient would each restriction of the list reject or defer?
-- tables: what_if_recipients, what_if_facts, what_if_stops (analyses/what_if.py)
-- parameters: none
-- caveats: The columns are those of relation flags. protocol_state is RCPT: smtpd_delay_reject = yes is assumed.
SELECT r.id, r.position, s.name AS restriction, s.text, 'RCPT' AS protocol_state, s.code::SMALLINT AS reply_code, s.dsn, r.service,
       true AS certain, s.first
FROM what_if_recipients r JOIN what_if_stops s USING (fact)
WHERE s.certain
