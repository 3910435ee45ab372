-- title: Failed logins with name and mechanism
-- question: Which login failed, of which client, with which name and mechanism?
-- tables: warnings
-- parameters: none
-- caveats: Kept as table `failures` for the queries on logins: a text is taken apart once. Lines, one per failed or aborted attempt.
--   Names are logged since Postfix 3.5 only.
SELECT ts, position, client_name, client_addr, repeat,
       upper(regexp_extract(text, 'SASL (\S+) authentication', 1)) AS mechanism,
       nullif(regexp_extract(text, 'sasl_username=(.*)$', 1), '') AS username
FROM warnings
WHERE kind = 'sasl_failure'
