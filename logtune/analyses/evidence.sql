-- title: Is accepted mail wanted?
-- question: What speaks for and against each accepted recipient of a stranger, and what does it come to?
-- tables: alike, senders (analyses/evidence.py), clients (analyses/organisations.py), client_deeds, own_domains, own_sent,
--   written (domain, organisation, mails, days)
-- parameters: weights and thresholds of analyses/evidence.py: $wrote_client $wrote_organisation $wrote_domain $delivers $sends_its_domain $filter_clean $verifies $filter_spam $client_listed $client_guesses $client_relayed $client_spams $claims_own $wanted_from $unwanted_from $many_days $homes $guesses $guess_share $spams $spam_share
-- caveats: Made once as table "weighed", one row per client, sender domain and word of the filter: recipients that have these
--   in common weigh the same. Where the client has an undeclared private address, nothing that rests on the client
--   counts: behind NAT it may be anybody.
WITH strangers AS (
    SELECT client, client_addr, organisation, private, client_name IS NOT NULL AND client_name <> 'unknown' AS verified
    FROM clients SEMI JOIN alike USING (client)
),
domains AS (
    SELECT sender, count(DISTINCT CASE WHEN verified THEN organisation ELSE client_addr END) AS homes, count(DISTINCT day) AS days
    FROM alike JOIN strangers USING (client) WHERE NOT private GROUP BY sender
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
delivering AS (
    SELECT s.organisation, count(DISTINCT a.day) AS days
    FROM (SELECT DISTINCT client, day FROM alike) a JOIN strangers s USING (client) GROUP BY s.organisation
),
organisations AS (
    SELECT a.organisation, any_value(a.days) AS days,
           sum(d.listed) > 0 OR bool_or(d.spams) OR sum(d.unlisted) >= $guesses AND sum(d.unlisted) >= $guess_share * sum(d.unlisted + d.accepted) AS bad
    FROM (SELECT DISTINCT organisation, client_addr, days FROM strangers JOIN delivering USING (organisation) WHERE NOT private) a
    JOIN deeds d USING (client_addr)
    GROUP BY a.organisation
),
of_clients AS (
    SELECT s.client, s.client_addr, s.organisation, s.private, s.verified AND NOT s.private AS verified,
           CASE WHEN s.verified AND NOT s.private THEN coalesce(o.mails, 0) ELSE 0 END AS wrote_organisation,
           CASE WHEN s.private THEN 0 ELSE coalesce(t.mails, 0) END AS wrote_client,
           CASE WHEN s.private THEN 0 WHEN g.bad THEN coalesce(d.days, 0) ELSE coalesce(g.days, 0) END AS days,
           CASE WHEN s.private THEN 0 ELSE d.listed END AS listed, CASE WHEN s.private THEN 0 ELSE d.relayed END AS relayed,
           CASE WHEN s.private THEN 0 ELSE d.unlisted END AS unlisted, CASE WHEN s.private THEN 0 ELSE d.probes END AS probes,
           NOT s.private AND coalesce(d.guesses, false) AS guesses, NOT s.private AND coalesce(d.spams, false) AS spams,
           NOT s.private AND coalesce(g.bad, false) AS bad_organisation
    FROM strangers s
    LEFT JOIN deeds d USING (client_addr)
    LEFT JOIN organisations g ON g.organisation = s.organisation
    LEFT JOIN to_organisation o ON o.organisation = s.organisation
    LEFT JOIN to_relay t ON t.relay_addr = s.client_addr
),
of_senders AS (
    SELECT s.sender, s.sender_domain, s.sender_domain IN (SELECT domain FROM own_domains) AS claims_own,
           CASE WHEN m.homes <= $homes THEN coalesce(w.mails, 0) ELSE 0 END AS wrote_domain,
           m.homes = 1 AND m.days >= $many_days AS one_home
    FROM senders s
    LEFT JOIN written w ON w.domain = s.sender_domain
    LEFT JOIN domains m ON m.sender = s.sender
),
facts AS (
    SELECT a.sender, a.spam, a.clean, c.*, s.sender_domain,
           s.sender_domain = c.organisation OR ends_with(s.sender_domain, '.' || c.organisation) AS aligned,
           coalesce(s.wrote_domain, 0) AS wrote_domain, coalesce(s.claims_own, false) AS claims_own,
           NOT c.private AND coalesce(c.verified AND aligned AND NOT c.bad_organisation OR s.one_home, false) AND NOT s.claims_own AS its_domain
    FROM (SELECT DISTINCT client, sender, spam, clean FROM alike) a JOIN of_clients c USING (client) LEFT JOIN of_senders s USING (sender)
),
weighed AS (
    SELECT *,
           greatest(
               CASE WHEN wrote_client > 0 THEN $wrote_client ELSE 0 END,
               CASE WHEN wrote_organisation = 0 THEN 0 WHEN bad_organisation OR NOT aligned THEN $wrote_domain ELSE $wrote_organisation END,
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
),
best AS (
    SELECT client_addr, max(points_for) AS points FROM weighed WHERE sender_domain IS NOT NULL AND NOT private GROUP BY client_addr
),
summed AS (
    -- a bounce has no sender: it is as wanted as the rest of its client's mail
    SELECT w.* REPLACE (CASE WHEN w.sender_domain IS NULL THEN greatest(w.points_for, coalesce(b.points, 0)) ELSE w.points_for END AS points_for)
    FROM weighed w LEFT JOIN best b ON b.client_addr = w.client_addr AND w.sender_domain IS NULL AND NOT w.private
)
SELECT client, sender, spam, clean, wrote_client, wrote_organisation, wrote_domain, days, its_domain, probes,
       listed, unlisted, relayed, guesses, spams, claims_own,
       CASE WHEN points_for - points_against >= $wanted_from THEN 'wanted'
            WHEN points_for - points_against <= -$unwanted_from THEN 'unwanted' ELSE 'no_evidence' END AS harm
FROM summed
