-- Question: how many client organisations deliver mail here at all (the base of a share)?
-- Tables: recipient_facts, clients (analyses/organisations.py). Own users and re-injected mail are no senders.
SELECT count(DISTINCT c.organisation)
FROM (SELECT DISTINCT client_name, client_addr FROM recipient_facts
      WHERE outcome = 'accepted' AND sasl_username IS NULL AND NOT reinjected) r
JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr
WHERE NOT c.own AND NOT c.loopback
