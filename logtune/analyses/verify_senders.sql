-- title: Senders before and after
-- question: What became of each client organisation that a restriction was to stop, or has stopped?
-- tables: before, before_warned, after (verify_facts.sql, verify_warned.sql of the two logs)
-- parameters: none
-- caveats: One row per restriction, service, organisation, and whether its clients are authorized. Counts are recipients.
--   delivered: accepted before, flagged or not. passed: accepted before though evaluated without a flag of this
--   restriction, or permitted before it. later: accepted after the first reject.
WITH told AS (
    SELECT w.name, w.service, b.organisation, b.authorized, count(*) AS flagged, count(*) FILTER (WHERE b.outcome = 'accepted') AS predicted,
           mode(b.helo ORDER BY b.helo) AS helo
    FROM before_warned w JOIN before b USING (id) WHERE w.certain GROUP BY ALL
),
stopped AS (
    SELECT "by" AS name, service, organisation, authorized, count(*) AS rejected, count(DISTINCT client_addr) AS clients,
           mode(helo ORDER BY helo) AS helo, min(ts) AS first, max(ts) AS last
    FROM after WHERE outcome IN ('rejected', 'deferred') AND ("by", service) IN (SELECT (name, service) FROM before_warned) GROUP BY ALL
),
pairs AS (SELECT name, service, organisation, authorized FROM told WHERE predicted > 0 UNION SELECT name, service, organisation, authorized FROM stopped),
earlier AS (
    SELECT organisation, authorized, count(*) AS seen, count(*) FILTER (WHERE outcome = 'accepted') AS delivered, count(DISTINCT ts::DATE) FILTER (WHERE outcome = 'accepted') AS days
    FROM before GROUP BY ALL
),
since AS (
    SELECT organisation, authorized, count(*) AS tried, count(*) FILTER (WHERE outcome = 'accepted') AS accepted FROM after GROUP BY ALL
),
later AS (
    SELECT s.name, s.service, s.organisation, s.authorized, count(*) AS later
    FROM stopped s JOIN after a USING (organisation, authorized) WHERE a.outcome = 'accepted' AND a.ts > s.first GROUP BY ALL
)
SELECT p.*, coalesce(t.flagged, 0) AS flagged, coalesce(t.predicted, 0) AS predicted, coalesce(e.delivered, 0) AS delivered,
       coalesce(e.days, 0) AS days, coalesce(s.rejected, 0) AS rejected, coalesce(s.clients, 0) AS clients, coalesce(s.helo, t.helo) AS helo,
       coalesce(n.accepted, 0) AS accepted, coalesce(l.later, 0) AS later, s.first, s.last,
       CASE WHEN coalesce(s.rejected, 0) > 0 AND coalesce(t.predicted, 0) > 0 THEN 'as predicted'
            WHEN coalesce(s.rejected, 0) > 0 AND coalesce(e.delivered, 0) > 0 THEN 'passed before'
            WHEN coalesce(s.rejected, 0) > 0 AND coalesce(t.flagged, 0) > 0 THEN 'stopped before too'
            WHEN coalesce(s.rejected, 0) > 0 THEN 'new'
            WHEN coalesce(n.accepted, 0) > 0 THEN 'passes now'
            WHEN coalesce(n.tried, 0) > 0 THEN 'stopped by others'
            ELSE 'gone' END AS state
FROM pairs p
LEFT JOIN told t USING (name, service, organisation, authorized) LEFT JOIN stopped s USING (name, service, organisation, authorized)
LEFT JOIN later l USING (name, service, organisation, authorized)
LEFT JOIN earlier e USING (organisation, authorized) LEFT JOIN since n USING (organisation, authorized)
ORDER BY rejected DESC, predicted DESC, p.organisation, p.name, p.service
