-- title: Guesses that succeeded
-- question: Which clients failed to log in many times and submitted mail with a login afterwards?
-- tables: failures, logins
-- parameters: $guesses failures from which a client is suspicious
-- caveats: smtpd logs the name that was tried since Postfix 3.5 only; before, names is 0. Lines, one per failed or aborted attempt.
--   A client is an address; behind NAT several people share it. Logins: as Logins after failures.
SELECT coalesce(max(client_name) || '[' || failures.client_addr || ']', failures.client_addr) AS client,
       sum(coalesce(repeat, 1))::BIGINT AS failures,
       count(DISTINCT username) AS names,
       any_value(logins.logins) AS logins,
       any_value(logins.login) AS login
FROM failures JOIN logins ON logins.client_addr = failures.client_addr
GROUP BY failures.client_addr
HAVING sum(coalesce(repeat, 1)) >= $guesses
ORDER BY failures DESC, 1
