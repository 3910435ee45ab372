-- title: Sessions at the same moment if a host fails
-- question: How many processes would each other host need if one host failed and the others took its sessions?
-- tables: server_minutes
-- parameters: $hosts, $shares (lists, side by side: host, and its share of the sessions, 0..1)
-- caveats: Computed: in each minute the peak of the host that takes, plus its part of the peak of the host that fails, by their present
--   shares. The two peaks of a minute need not coincide, so this is a little high; sessions that then take longer make it higher.
WITH shares AS (
    SELECT unnest($hosts::VARCHAR[]) AS host, unnest($shares::DOUBLE[]) AS share
)
SELECT f.host AS fails, t.host AS takes,
       max(t.peak) AS now, ceil(max(t.peak + f.peak * ts.share / (1 - fs.share)) - 1e-6)::INTEGER AS needed
FROM server_minutes f JOIN server_minutes t ON t.minute = f.minute AND t.host <> f.host
JOIN shares fs ON fs.host = f.host JOIN shares ts ON ts.host = t.host
WHERE fs.share < 1
GROUP BY ALL
ORDER BY 1, needed DESC, 2
