-- title: Is accepted mail wanted?
-- question: What speaks for and against each accepted recipient of a stranger, and what does it come to?
-- tables: arrivals, client_deeds, written (domain, organisation, mails, days), own_sent
-- parameters: weights and thresholds of analyses/evidence.py: $wrote_client $wrote_organisation $wrote_domain $delivers $sends_its_domain $filter_clean $verifies $filter_spam $client_listed $client_guesses $client_relayed $client_spams $claims_own $wanted_from $unwanted_from $many_days $homes $guesses $guess_share $spams $spam_share
-- caveats: Made once as table "evidence", one row per recipient. Where the client has an undeclared private address,
--   nothing that rests on the client counts: behind NAT it may be anybody.
WITH domains AS (
    SELECT sender_domain, count(DISTINCT CASE WHEN verified THEN organisation ELSE client_addr END) AS homes, count(DISTINCT day) AS days
    FROM arrivals WHERE sender_domain IS NOT NULL AND NOT private GROUP BY sender_domain
),
to_organisation AS (
    SELECT organisation, sum(mails)::BIGINT AS mails, max(days)::BIGINT AS days FROM written WHERE organisation IS NOT NULL GROUP BY organisation
),
to_relay AS (
    SELECT relay_addr, count(DISTINCT mail) AS mails FROM own_sent GROUP BY relay_addr
),
deeds AS (
    SELECT *, unlisted >= $guesses AND unlisted >= $guess_share * (unlisted + accepted) AS guesses,
           spam >= $spams AND spam >= $spam_share * judged AS spams
    FROM client_deeds
),
organisations AS (
    SELECT a.organisation, max(a.days) AS days,
           sum(d.listed + d.relayed) > 0 OR bool_or(d.spams) OR sum(d.unlisted) >= $guesses AND sum(d.unlisted) >= $guess_share * sum(d.unlisted + d.accepted) AS bad
    FROM (SELECT DISTINCT organisation, client_addr, days FROM arrivals JOIN (SELECT organisation, count(DISTINCT day) AS days FROM arrivals GROUP BY organisation) USING (organisation)
          WHERE NOT private) a JOIN deeds d USING (client_addr)
    GROUP BY a.organisation
),
facts AS (
    SELECT a.id, a.organisation, a.client_addr, a.sender_domain, a.spam, a.clean, a.private,
           CASE WHEN a.verified AND NOT a.private THEN coalesce(o.mails, 0) ELSE 0 END AS wrote_organisation,
           CASE WHEN m.homes <= $homes THEN coalesce(w.mails, 0) ELSE 0 END AS wrote_domain,
           NOT a.private AND coalesce(a.verified AND (a.sender_domain = a.organisation OR ends_with(a.sender_domain, '.' || a.organisation))
                                      OR m.homes = 1 AND m.days >= $many_days, false) AND a.sender_domain NOT IN (SELECT domain FROM own_domains) AS its_domain,
           coalesce(a.sender_domain IN (SELECT domain FROM own_domains), false) AS claims_own,
           CASE WHEN a.private THEN 0 ELSE coalesce(t.mails, 0) END AS wrote_client,
           CASE WHEN a.private THEN 0 WHEN g.bad THEN coalesce(d.days, 0) ELSE coalesce(g.days, 0) END AS days,
           CASE WHEN a.private THEN 0 ELSE d.listed END AS listed, CASE WHEN a.private THEN 0 ELSE d.relayed END AS relayed,
           CASE WHEN a.private THEN 0 ELSE d.unlisted END AS unlisted, CASE WHEN a.private THEN 0 ELSE d.probes END AS probes,
           d.spam AS client_spam, d.judged AS client_judged,
           NOT a.private AND coalesce(d.guesses, false) AS guesses, NOT a.private AND coalesce(d.spams, false) AS spams,
           NOT a.private AND coalesce(g.bad, false) AS bad_organisation
    FROM arrivals a
    LEFT JOIN deeds d USING (client_addr)
    LEFT JOIN organisations g ON g.organisation = a.organisation
    LEFT JOIN to_organisation o ON o.organisation = a.organisation
    LEFT JOIN written w ON w.domain = a.sender_domain
    LEFT JOIN domains m ON m.sender_domain = a.sender_domain
    LEFT JOIN to_relay t ON t.relay_addr = a.client_addr
),
weighed AS (
    SELECT *,
           greatest(
               CASE WHEN wrote_client > 0 THEN $wrote_client ELSE 0 END,
               CASE WHEN wrote_organisation = 0 THEN 0 WHEN bad_organisation THEN $wrote_domain ELSE $wrote_organisation END,
               CASE WHEN wrote_domain > 0 THEN $wrote_domain ELSE 0 END)
           + CASE WHEN days >= $many_days AND listed = 0 AND NOT guesses AND NOT spams THEN $delivers ELSE 0 END
           + CASE WHEN its_domain AND listed = 0 AND NOT guesses AND NOT spams THEN $sends_its_domain ELSE 0 END
           + CASE WHEN clean THEN $filter_clean ELSE 0 END
           + CASE WHEN probes > 0 AND wrote_client + wrote_organisation + wrote_domain > 0 THEN $verifies ELSE 0 END AS points_for,
           CASE WHEN spam THEN $filter_spam ELSE 0 END
           + CASE WHEN listed > 0 THEN $client_listed ELSE 0 END
           + CASE WHEN relayed > 0 THEN $client_relayed ELSE 0 END
           + CASE WHEN claims_own THEN $claims_own ELSE 0 END
           + CASE WHEN guesses THEN $client_guesses ELSE 0 END
           + CASE WHEN spams THEN $client_spams ELSE 0 END AS points_against
    FROM facts
)
SELECT *, CASE WHEN points_for - points_against >= $wanted_from THEN 'wanted'
               WHEN points_for - points_against <= -$unwanted_from THEN 'unwanted' ELSE 'no_evidence' END AS harm
FROM weighed
