-- Question: for each restriction on trial, what would enforcing it do to the recipients that it flagged?
-- Tables: flagged, decisions (for the warning lines). Counts are recipients unless the name says otherwise.
-- Caveats: flagged = rejected_anyway + deferred_anyway + abandoned + probes + accepted + unknown.
WITH warnings AS (
    -- few kinds of lines, of which the rest asks
    SELECT restriction, reason_shape, service, protocol_state, object IS NOT NULL AS has_object, reply_code,
           sum(coalesce(repeat, 1)) AS n, min(ts) AS first, max(ts) AS last, min(position) AS position
    FROM decisions WHERE action = 'reject_warning' GROUP BY ALL
),
named AS (
    SELECT *, trial_name(restriction::VARCHAR, reason_shape::VARCHAR) AS name FROM warnings
),
lines AS (
    SELECT name, service::VARCHAR AS service, sum(n)::BIGINT AS warning_lines, min(first) AS first, max(last) AS last,
           arg_min(restriction::VARCHAR, position) AS restriction, arg_min(reason_shape::VARCHAR, position) AS text,
           arg_min(has_object, position) AS has_object, arg_min(reply_code, position) AS reply_code
    FROM named GROUP BY 1, 2
),
states AS (
    SELECT name, service, map_from_entries(list((state, n) ORDER BY state)) AS protocol_states
    FROM (SELECT name, service::VARCHAR AS service, coalesce(protocol_state::VARCHAR, '') AS state, sum(n)::BIGINT AS n
          FROM named GROUP BY 1, 2, 3)
    GROUP BY 1, 2
),
alone AS (
    SELECT id, count(DISTINCT name) AS names FROM flagged WHERE certain GROUP BY id
),
counts AS (
    SELECT any_value(f.name) AS name, any_value(f.service) AS service, count(*) AS flagged, count(DISTINCT coalesce(message, session, f.id)) AS flagged_mails,
           count(*) FILTER (WHERE outcome = 'rejected') AS rejected_anyway,
           count(*) FILTER (WHERE outcome = 'deferred') AS deferred_anyway,
           count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
           count(*) FILTER (WHERE outcome = 'probe') AS probes,
           count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
           count(*) FILTER (WHERE outcome = 'unknown') AS unknown,
           count(*) FILTER (WHERE outcome = 'accepted' AND f.reply_code BETWEEN 400 AND 499) AS accepted_4xx,
           count(*) FILTER (WHERE outcome = 'accepted' AND f.reply_code BETWEEN 500 AND 599) AS accepted_5xx,
           count(*) FILTER (WHERE outcome = 'accepted' AND a.names = 1) AS only_this,
           count(*) FILTER (WHERE outcome = 'accepted' AND who = 'authorized') AS authorized,
           count(*) FILTER (WHERE outcome = 'accepted' AND who = 'filter') AS filter,
           count(*) FILTER (WHERE outcome = 'accepted' AND who = 'private') AS private,
           count(*) FILTER (WHERE outcome = 'accepted' AND who = 'others') AS others,
           count(*) FILTER (WHERE outcome = 'accepted' AND harm = 'wanted') AS wanted,
           count(*) FILTER (WHERE outcome = 'accepted' AND harm = 'no_evidence') AS no_evidence,
           count(*) FILTER (WHERE outcome = 'accepted' AND harm = 'unwanted') AS unwanted,
           count(*) FILTER (WHERE outcome = 'accepted' AND known) AS known,
           count(DISTINCT client_addr) FILTER (WHERE outcome = 'accepted') AS clients,
           count(DISTINCT organisation) FILTER (WHERE outcome = 'accepted') AS client_organisations,
           count(DISTINCT helo) FILTER (WHERE outcome = 'accepted') AS helo_names,
           count(DISTINCT nullif(split_part(sender, '@', -1), '')) FILTER (WHERE outcome = 'accepted') AS sender_domains,
           count(DISTINCT recipient) FILTER (WHERE outcome = 'accepted') AS recipients
    FROM flagged f LEFT JOIN alone a USING (id) GROUP BY f.entry
),
fates AS (
    SELECT name, service, map_from_entries(list((fate, n) ORDER BY n DESC, fate)) AS fates
    FROM (SELECT name, service, coalesce(fate, 'unknown') AS fate, count(*) AS n FROM flagged WHERE outcome = 'accepted' GROUP BY ALL)
    GROUP BY 1, 2
)
SELECT l.*, s.protocol_states, coalesce(f.fates, MAP {}) AS fates, c.* EXCLUDE (name, service)
FROM lines l
LEFT JOIN states s ON s.name = l.name AND s.service IS NOT DISTINCT FROM l.service
LEFT JOIN counts c ON c.name = l.name AND c.service IS NOT DISTINCT FROM l.service
LEFT JOIN fates f ON f.name = l.name AND f.service IS NOT DISTINCT FROM l.service
ORDER BY coalesce(c.accepted, 0) DESC, l.warning_lines DESC, l.name, l.service
