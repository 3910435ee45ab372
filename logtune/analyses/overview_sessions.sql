-- title: Sessions
-- question: How many smtpd sessions and clients were there?
-- tables: session_facts, message_facts
-- parameters: none
-- caveats: Sessions behind postscreen that never reached smtpd are not counted. A client is an address.
SELECT count(*) AS sessions, count(DISTINCT client_addr) AS clients,
       count(*) FILTER (WHERE session IN (SELECT session FROM message_facts WHERE reinjected AND session IS NOT NULL)) AS of_filter
FROM session_facts
