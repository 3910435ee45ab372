-- title: Failed logins
-- question: How many logins failed, of how many clients and names, and how many failed when this server logged in elsewhere?
-- tables: failures, notices
-- parameters: none
-- caveats: Lines, one per failed or aborted attempt. Names are logged since Postfix 3.5 only.
WITH entering AS (
    SELECT coalesce(sum(coalesce(repeat, 1)), 0)::BIGINT AS failures,
           count(DISTINCT client_addr) AS clients,
           count(DISTINCT username) AS names
    FROM failures
), own AS (
    SELECT coalesce(sum(coalesce(repeat, 1)), 0)::BIGINT AS failures, arg_max(text, position) AS sample
    FROM notices WHERE kind = 'client_sasl_failure'
)
SELECT entering.failures, clients, names, own.failures AS own_failures, own.sample AS own_sample
FROM entering, own
