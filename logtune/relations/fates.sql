-- Fates: what became of each recipient's mail, by its deliveries (used by recipients.sql, no relation of its own).
-- Tables: deliveries. Relations: message_facts, tries, known. One row per recipient whose fate or way the deliveries tell.
-- hops: how many content filters it went through; last: the message in which it was seen last; by_mail: where a filter or an
-- alias renamed the recipient, what became of all of the mail, if it is one thing.
WITH RECURSIVE
names AS (
    -- a delivery goes by the address after aliases and by the one before
    SELECT message, target AS name, target, successor, position, ending FROM tries WHERE target IS NOT NULL
    UNION ALL
    SELECT message, given, target, successor, position, ending FROM tries WHERE given <> target OR target IS NULL AND given IS NOT NULL
),
onward AS (
    SELECT message, name, successor, target FROM names WHERE successor IS NOT NULL
),
followed AS (
    -- (recipient, message, address) along re-injections; four hops are more than any sane chain of filters
    SELECT k.id, o.successor AS message, o.target AS name, 1 AS hop
    FROM known k JOIN onward o ON o.message = k.message AND o.name = k.name
    UNION
    SELECT f.id, o.successor, o.target, f.hop + 1
    FROM followed f JOIN onward o ON o.message = f.message AND o.name = f.name
    WHERE f.hop < 4
),
ends AS (
    SELECT k.id, n.message, n.target, n.position, n.ending, 0 AS hop
    FROM known k JOIN names n ON n.message = k.message AND n.name = k.name AND n.successor IS NULL
    UNION ALL
    SELECT f.id, n.message, n.target, n.position, n.ending, f.hop
    FROM followed f JOIN names n ON n.message = f.message AND n.name = f.name AND n.successor IS NULL
),
endings AS (
    -- the last try of each address counts
    SELECT id, message, arg_max(ending, position) AS ending FROM ends GROUP BY id, message, target
),
fates AS (
    SELECT e.id,
           CASE WHEN bool_or(e.ending = 1) THEN 'delivered'
                WHEN bool_or(e.ending IN (3, 4) AND NOT m.expired) THEN 'bounced'
                WHEN bool_or(m.expired OR e.ending = 4) THEN 'expired'
                WHEN bool_or(e.ending = 2) THEN 'discarded'
                WHEN bool_or(m.removed_ts IS NULL) THEN 'waiting'
                ELSE 'unknown' END AS fate
    FROM endings e JOIN message_facts m USING (message) GROUP BY e.id
),
hopped AS (
    SELECT id, max(hop) AS hops, arg_max(message, (hop, message)) AS last FROM followed GROUP BY id
),
lost_sight AS (
    SELECT k.id, coalesce(h.last, k.message) AS message
    FROM known k LEFT JOIN hopped h USING (id)
    WHERE k.source <> 'stands' AND k.message IS NOT NULL AND k.id NOT IN (SELECT id FROM fates)
),
mail_fates AS (
    SELECT message, CASE WHEN bool_and(ending = 1) THEN 'delivered' WHEN bool_and(ending IN (3, 4)) THEN 'bounced' END AS fate
    FROM (SELECT message, arg_max(ending, position) AS ending FROM tries SEMI JOIN lost_sight USING (message)
          WHERE successor IS NULL GROUP BY message, target)
    GROUP BY message
)
SELECT id, fate, coalesce(hops, 0) AS hops, last
FROM (FROM fates UNION ALL SELECT l.id, m.fate FROM lost_sight l JOIN mail_fates m USING (message)) FULL JOIN hopped USING (id)
