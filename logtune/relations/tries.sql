-- Tries: the delivery attempts of mails, as numbers (used by the relations after it, no relation of its own).
-- Tables: deliveries. One row per line that belongs to a message.
-- target and given are hashes of the address after and before aliases, in lower case: they are compared within one mail.
-- ending: 1 sent, 2 sent by discard(8), 3 bounced, 4 expired, 0 anything else.
SELECT message, position, ts, successor,
       CASE WHEN recipient IS NOT NULL THEN hash(lower(recipient)) END AS target,
       CASE WHEN orig_recipient IS NOT NULL THEN hash(lower(orig_recipient))
            WHEN recipient IS NOT NULL THEN hash(lower(recipient)) END AS given,
       (CASE status WHEN 'sent' THEN CASE WHEN daemon = 'discard' THEN 2 ELSE 1 END
                    WHEN 'bounced' THEN 3 WHEN 'expired' THEN 4 ELSE 0 END)::TINYINT AS ending
FROM deliveries WHERE message IS NOT NULL
