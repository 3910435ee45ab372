-- Flags: a warned restriction and the recipient it applies to, one row per warning line and recipient
-- (docs/relations.md). RCPT: its recipient. MAIL: that transaction. DATA, BDAT, END-OF-MESSAGE: the whole mail.
-- HELO, EHLO: later mails until the client greets again. CONNECT: the session. XCLIENT: its later mails of that client.
-- VRFY, ETRN: nobody.
-- Tables: decisions, notices. Relations: session_facts, rcpt, recipient_facts.
-- Caveats: certain is false where the client greeted again and the log does not tell by what name: a clean
-- greeting leaves no line. A new greeting is seen by helo= on later lines of the mail, by the ehlo= and helo=
-- counters, and by the TLS line where smtpd_tls_loglevel shows it (STARTTLS throws the greeting away). proto= of an
-- EHLO line is what an earlier greeting set: SMTP on the first EHLO of a session, ESMTP on those after it.
WITH warned AS (
    SELECT position, session, message, sender, recipient, client_addr, helo, proto::VARCHAR AS proto, protocol_state::VARCHAR AS protocol_state, reply_code, dsn,
           service::VARCHAR AS service, restriction::VARCHAR AS restriction, reason_shape::VARCHAR AS text
    FROM decisions WHERE action = 'reject_warning' AND (session IS NOT NULL OR message IS NOT NULL)
),
of_recipient AS (
    SELECT r.id, w.*, true AS certain FROM warned w JOIN rcpt r USING (position) WHERE w.protocol_state = 'RCPT'
),
only_counted AS (
    -- recipients that only smtpd's counters tell of, in a session that gave up several mails: of which is not told
    SELECT id, session FROM recipient_facts
    WHERE stands AND id > message
      AND session IN (SELECT session FROM message_facts WHERE aborted AND session IS NOT NULL GROUP BY session HAVING count(*) > 1)
),
of_mail AS (
    SELECT r.id, w.*, true AS certain
    FROM warned w JOIN recipient_facts r ON r.message = w.message
    WHERE w.protocol_state = 'MAIL' AND r.id NOT IN (SELECT id FROM only_counted)
       -- a recipient that was refused at RCPT is no longer one of the mail when its DATA comes
       OR w.protocol_state IN ('DATA', 'BDAT', 'END-OF-MESSAGE') AND r.by_state IS DISTINCT FROM 'RCPT'
),
of_one_of_several AS (
    SELECT r.id, w.*, false AS certain
    FROM only_counted r JOIN message_facts m ON m.session = r.session AND m.aborted JOIN warned w ON w.message = m.message
    WHERE w.protocol_state = 'MAIL'
),
of_refused_transaction AS (
    SELECT r.id, w.*, true AS certain
    FROM warned w JOIN recipient_facts r ON r.session = w.session
    WHERE w.protocol_state = 'MAIL' AND w.message IS NULL AND r.message IS NULL AND r.sender = w.sender AND r.id >= w.position
),
of_session AS (
    SELECT r.id, w.*, true AS certain
    FROM warned w JOIN recipient_facts r ON r.session = w.session
    WHERE w.protocol_state = 'CONNECT'
        -- a front end names its client, and the client restrictions are evaluated anew (smtpd.c, xclient_cmd)
        OR w.protocol_state = 'XCLIENT' AND r.id > w.position AND r.client_addr = w.client_addr
),
greetings AS (
    -- how often each session was warned about its greeting, before and after TLS began
    SELECT w.session, w.restriction, w.text, t.tls,
           -- up to three restrictions say this of one greeting; its names are at most as many as the greetings
           count(DISTINCT CASE WHEN w.text LIKE '%invalid ip address' THEN w.helo ELSE w.position::VARCHAR END) AS warnings,
           count(*) FILTER (WHERE w.position > t.tls) AS after_tls,
           count(*) FILTER (WHERE w.proto = 'ESMTP') AS again
    FROM warned w LEFT JOIN (SELECT session, max(position) AS tls FROM notices WHERE kind = 'tls' AND session IS NOT NULL GROUP BY session) t USING (session)
    WHERE w.protocol_state IN ('HELO', 'EHLO') GROUP BY ALL
),
of_greeting AS (
    SELECT r.id, w.*,
           CASE
               WHEN r.helo IS NOT NULL THEN true
               WHEN s.greetings IS NULL THEN s.starttls IS NULL
               WHEN g.warnings >= s.greetings THEN true
               WHEN s.greetings = 2 AND g.again > 0 THEN true
               WHEN g.tls IS NOT NULL AND w.position > g.tls THEN g.after_tls >= s.greetings - 1
               ELSE false
           END AS certain
    FROM warned w
    JOIN (SELECT id, session, message, client_addr, helo, least(id, coalesce(message, id)) AS began FROM recipient_facts) r ON r.session = w.session
    JOIN session_facts s ON s.session = w.session
    JOIN greetings g ON g.session = w.session AND g.restriction IS NOT DISTINCT FROM w.restriction AND g.text = w.text
    WHERE w.protocol_state IN ('HELO', 'EHLO')
      AND r.began > w.position
      AND (r.helo IS NULL OR w.helo IS NULL OR neutered(r.helo) = neutered(w.helo))
      -- a front end that names its client by XCLIENT greets once for itself, and anew for the client (smtpd.c, xclient_cmd)
      AND NOT coalesce(w.client_addr <> r.client_addr, false)
      -- TLS began between this greeting and the mail, which the client then greeted anew. Where no line tells of it, the
      -- only warning in two greetings was of the first; of a client that also says HELO proto= does not tell it
      AND NOT coalesce(w.position < g.tls AND r.began > g.tls, false)
      AND NOT coalesce(g.tls IS NULL AND r.helo IS NULL AND s.starttls > 0 AND s.greetings = 2 AND g.warnings = 1 AND g.again = 0
                       AND s.helos = 0, false)
)
SELECT id, position, restriction, text, protocol_state, reply_code, dsn, service, certain
FROM (FROM of_recipient UNION ALL BY NAME FROM of_mail UNION ALL BY NAME FROM of_one_of_several
      UNION ALL BY NAME FROM of_refused_transaction
      UNION ALL BY NAME FROM of_session UNION ALL BY NAME FROM of_greeting)
