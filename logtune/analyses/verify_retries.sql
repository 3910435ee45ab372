-- title: Retries of what was rejected
-- question: How often does a rejected mail come again, does it get in, and has it been given up?
-- tables: after (verify_facts.sql)
-- parameters: $name the restriction or text, $service its service, $quiet seconds without a try after which a mail is given up
-- caveats: A mail is known by sender, recipient and client network: two mails of the same are taken for one. Given up: no
--   try within the last $quiet seconds of the log; the sending server then returns it to its sender with a bounce notice.
WITH rejects AS (
    SELECT network, sender, recipient, count(*) AS tries, min(ts) AS first, max(ts) AS last
    FROM after WHERE "by" = $name AND service = $service AND outcome IN ('rejected', 'deferred') AND recipient IS NOT NULL GROUP BY ALL
),
entered AS (
    SELECT r.network, r.sender, r.recipient FROM rejects r
    JOIN after a USING (network, sender, recipient) WHERE a.outcome = 'accepted' AND a.ts > r.first GROUP BY ALL
)
SELECT count(*) AS mails, coalesce(sum(tries), 0)::BIGINT AS tries, count(*) FILTER (WHERE e.network IS NOT NULL) AS came_in,
       count(*) FILTER (WHERE e.network IS NULL AND r.last <= (SELECT max(ts) FROM after) - to_seconds($quiet)) AS given_up,
       median(tries) AS usual_tries
FROM rejects r LEFT JOIN entered e USING (network, sender, recipient)
