-- title: Failed logins by client
-- question: Which clients failed to log in, with how many names, and did they get in at last?
-- tables: failures, logins
-- parameters: $top rows
-- caveats: smtpd logs the name that was tried since Postfix 3.5 only; before, names is 0. Lines, one per failed or aborted attempt.
--   A client is an address; behind NAT several people share it. Logins: as Logins after failures.
SELECT coalesce(max(client_name) || '[' || failures.client_addr || ']', failures.client_addr, '(not logged)') AS client,
       sum(coalesce(repeat, 1))::BIGINT AS failures,
       count(DISTINCT username) AS names,
       string_agg(DISTINCT mechanism, ' ' ORDER BY mechanism) AS mechanisms,
       min(ts) AS first, max(ts) AS last,
       coalesce(any_value(logins.logins), 0) AS logins,
       any_value(logins.login) AS login,
       count(*) OVER () AS groups
FROM failures LEFT JOIN logins ON logins.client_addr = failures.client_addr
GROUP BY failures.client_addr
ORDER BY failures DESC, 1
LIMIT $top
