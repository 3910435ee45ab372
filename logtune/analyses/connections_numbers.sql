-- title: Services by number
-- question: Which number stands for which service in the questions on levels?
-- tables: session_facts
-- parameters: none
-- caveats: The number is a hash within this run.
SELECT DISTINCT host, instance, service, hash(host, instance, service) AS number FROM session_facts ORDER BY ALL
