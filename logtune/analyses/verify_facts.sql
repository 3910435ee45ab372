-- title: Recipients for a comparison of two logs
-- question: Whose recipients are in this log, and who rejected or accepted them?
-- tables: verify_known (analyses/verify.py). Relations: recipients, sessions
-- parameters: $submission services whose users have logged in
-- caveats: Asked of both logs. A rejected recipient's line never names the login (before 3.10), so a login anywhere in the
--   session counts. A client without a verified name is its own organisation. Mail that a content filter put back, and the filter itself, are left out.
SELECT r.id, r.ts, coalesce(r.service, 'smtp') AS service, r.client_name, r.client_addr, CASE WHEN r.client_name <> 'unknown' THEN k.organisation ELSE coalesce(r.client_addr, 'unknown') END AS organisation, k.network, r.helo, coalesce(r.sender, '') AS sender,
       r.recipient, r.outcome, r."by", r.by_code,
       coalesce(k.own OR r.sasl_username IS NOT NULL OR s.sasl_username IS NOT NULL OR done(s.counters, 'auth') > 0
                OR list_contains($submission, r.service), false) AS authorized
FROM recipients r LEFT JOIN sessions s USING (session)
JOIN verify_known k ON k.client_name IS NOT DISTINCT FROM r.client_name AND k.client_addr IS NOT DISTINCT FROM r.client_addr
WHERE NOT coalesce(r.reinjected, false) AND (NOT coalesce(k.loopback, false) OR k.own)
