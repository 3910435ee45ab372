-- Question: for each restriction on trial, what would enforcing it do to the recipients that it flagged?
-- Tables: marked, entries, clients, decision_kinds (for the warning lines). Counts are recipients unless the name says otherwise.
-- Caveats: flagged = rejected_anyway + deferred_anyway + abandoned + probes + accepted + unknown.
WITH warnings AS (
    SELECT *, trial_name(restriction, reason_shape) AS name FROM decision_kinds WHERE action = 'reject_warning'
),
lines AS (
    SELECT name, service, sum(lines)::BIGINT AS warning_lines, min(first) AS first, max(last) AS last,
           arg_min(restriction, position) AS restriction, arg_min(reason_shape, position) AS text,
           arg_min(has_object, position) AS has_object, arg_min(reply_code, position) AS reply_code
    FROM warnings GROUP BY 1, 2
),
states AS (
    SELECT name, service, map_from_entries(list((state, n) ORDER BY state)) AS protocol_states
    FROM (SELECT name, service, coalesce(protocol_state, '') AS state, sum(lines)::BIGINT AS n FROM warnings GROUP BY 1, 2, 3)
    GROUP BY 1, 2
),
alone AS (
    SELECT f.id FROM marked f JOIN entries n USING (entry) WHERE f.certain GROUP BY f.id HAVING min(n.number) = max(n.number)
),
kinds AS (
    -- few kinds of recipients, of which the rest asks
    SELECT entry, outcome, fate, who, harm, known, reply_code // 100 AS reply_class, id IN (FROM alone) AS alone, count(*) AS n FROM marked GROUP BY ALL
),
counts AS (
    SELECT entry, sum(n) AS flagged,
           sum(n) FILTER (WHERE outcome = 'rejected') AS rejected_anyway,
           sum(n) FILTER (WHERE outcome = 'deferred') AS deferred_anyway,
           sum(n) FILTER (WHERE outcome = 'abandoned') AS abandoned,
           sum(n) FILTER (WHERE outcome = 'probe') AS probes,
           sum(n) FILTER (WHERE outcome = 'accepted') AS accepted,
           sum(n) FILTER (WHERE outcome = 'unknown') AS unknown,
           sum(n) FILTER (WHERE outcome = 'accepted' AND reply_class = 4) AS accepted_4xx,
           sum(n) FILTER (WHERE outcome = 'accepted' AND reply_class = 5) AS accepted_5xx,
           sum(n) FILTER (WHERE outcome = 'accepted' AND alone) AS only_this,
           sum(n) FILTER (WHERE outcome = 'accepted' AND who = 'authorized') AS authorized,
           sum(n) FILTER (WHERE outcome = 'accepted' AND who = 'filter') AS filter,
           sum(n) FILTER (WHERE outcome = 'accepted' AND who = 'private') AS private,
           sum(n) FILTER (WHERE outcome = 'accepted' AND who = 'others') AS others,
           sum(n) FILTER (WHERE outcome = 'accepted' AND harm = 'wanted') AS wanted,
           sum(n) FILTER (WHERE outcome = 'accepted' AND harm = 'no_evidence') AS no_evidence,
           sum(n) FILTER (WHERE outcome = 'accepted' AND harm = 'unwanted') AS unwanted,
           sum(n) FILTER (WHERE outcome = 'accepted' AND known) AS known
    FROM kinds GROUP BY entry
),
fates AS (
    SELECT entry, map_from_entries(list((fate, n) ORDER BY n DESC, fate)) AS fates
    FROM (SELECT entry, coalesce(fate, 'unknown') AS fate, sum(n)::BIGINT AS n FROM kinds WHERE outcome = 'accepted' GROUP BY 1, 2)
    GROUP BY entry
),
different AS (
    SELECT entry, count(DISTINCT helo) AS helo_names, count(DISTINCT nullif(split_part(sender, '@', -1), '')) AS sender_domains,
           count(DISTINCT recipient) AS recipients
    FROM marked WHERE outcome = 'accepted' GROUP BY entry
),
by_client AS (
    SELECT f.entry, count(DISTINCT c.client_addr) AS clients, count(DISTINCT c.site) AS client_organisations
    FROM (SELECT DISTINCT entry, client FROM marked WHERE outcome = 'accepted') f JOIN clients c USING (client) GROUP BY f.entry
),
mails AS (
    SELECT entry, count(DISTINCT coalesce(message, session, id)) AS flagged_mails FROM marked GROUP BY entry
)
SELECT l.*, s.protocol_states, coalesce(f.fates, MAP {}) AS fates, c.* EXCLUDE (entry), m.flagged_mails, d.* EXCLUDE (entry), o.* EXCLUDE (entry)
FROM lines l
LEFT JOIN states s ON s.name = l.name AND s.service IS NOT DISTINCT FROM l.service
LEFT JOIN entries n ON n.name = l.name AND n.service IS NOT DISTINCT FROM l.service
LEFT JOIN counts c USING (entry) LEFT JOIN fates f USING (entry) LEFT JOIN mails m USING (entry) LEFT JOIN different d USING (entry)
LEFT JOIN by_client o USING (entry)
ORDER BY coalesce(c.accepted, 0) DESC, l.warning_lines DESC, l.name, l.service
