-- Question: what became of the recipients that an enforced restriction deferred anyway?
-- Tables: flagged, recipients, clients. A retry has the same sender and recipient and comes from the same client
-- network; came_in says that a later one was accepted.
-- Parameters: $name the restriction or text, $service its service or null.
WITH deferred AS (
    SELECT id, ts, network, coalesce(sender, '') AS sender, recipient FROM flagged
    WHERE name = $name AND service IS NOT DISTINCT FROM $service AND outcome = 'deferred' AND recipient IS NOT NULL
),
later AS (
    SELECT d.id, count(*) AS tries, min(r.ts) FILTER (WHERE r.outcome = 'accepted') AS came_in, any_value(d.ts) AS ts
    FROM deferred d
    JOIN recipients r ON r.recipient = d.recipient AND coalesce(r.sender, '') = d.sender AND r.id > d.id
    JOIN clients c ON c.client_name IS NOT DISTINCT FROM r.client_name AND c.client_addr IS NOT DISTINCT FROM r.client_addr AND c.network = d.network
    GROUP BY d.id
)
SELECT count(*) FILTER (WHERE came_in IS NOT NULL) AS came_in, count(*) FILTER (WHERE came_in IS NULL) AS never,
       median(epoch(came_in - l.ts)) FILTER (WHERE came_in IS NOT NULL) AS seconds, median(l.tries) FILTER (WHERE came_in IS NOT NULL) AS tries
FROM deferred d LEFT JOIN later l USING (id)
