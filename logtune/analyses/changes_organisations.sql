-- title: Client organisations that deliver mail here
-- question: Whose mail was accepted, since when and when last?
-- tables: recipient_facts, clients (analyses/organisations.py)
-- parameters: none
-- caveats: counts are accepted recipients. Own users, the own filter's re-injected mail and loopback are no senders.
SELECT c.organisation, count(*) AS recipients, min(r.ts) AS first, max(r.ts) AS last
FROM recipient_facts r
JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr
WHERE r.outcome = 'accepted' AND r.sasl_username IS NULL AND NOT r.reinjected AND NOT c.own AND NOT c.loopback
GROUP BY c.organisation
ORDER BY recipients DESC, c.organisation
