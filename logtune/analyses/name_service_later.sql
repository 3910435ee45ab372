-- title: Deferred for a name that was found later
-- question: How many recipients were deferred because a name was not found, and came in later although nothing changed but the time?
-- tables: decisions, deliveries, message_facts
-- parameters: $restrictions that look names up, with blanks between them
-- caveats: Same client address, sender and recipient; came in: a delivery was tried. That the name was put right meanwhile, or the
--   restriction taken out, looks the same: many of them within minutes speak for the resolver, single ones after hours for the name.
WITH deferred AS (
    SELECT client_addr, lower(coalesce(sender, '')) AS sender, lower(recipient) AS recipient, min(position) AS first, min(ts) AS ts
    FROM decisions
    WHERE action = 'reject' AND reply_code BETWEEN 400 AND 499 AND list_contains(string_split($restrictions, ' '), restriction::VARCHAR)
      AND recipient IS NOT NULL
    GROUP BY ALL
), later AS (
    SELECT d.first, min(m.first_ts) AS ts, any_value(d.ts) AS since
    FROM deliveries l JOIN message_facts m USING (message)
    JOIN deferred d ON d.client_addr = m.client_addr AND d.sender = lower(coalesce(m.sender, ''))
                   AND d.recipient = lower(coalesce(l.orig_recipient, l.recipient)) AND m.message > d.first
    GROUP BY 1
)
SELECT (SELECT count(*) FROM deferred) AS deferred, count(*) AS came_later, quantile_disc(epoch(ts - since), 0.5) AS half
FROM later
