-- title: Recipients flagged by a trial, by host
-- question: How many recipients does each restriction on trial flag on each host, and how many of these were accepted?
-- tables: flags, recipient_facts, server_sessions
-- parameters: none
-- caveats: The verdict is on all hosts together. A restriction that is on trial on one host only stands there alone.
SELECT coalesce(f.restriction::VARCHAR, f.text::VARCHAR) AS restriction, s.host,
       count(DISTINCT r.id) AS flagged,
       count(DISTINCT r.id) FILTER (WHERE r.outcome = 'accepted') AS accepted
FROM flags f JOIN recipient_facts r USING (id) JOIN server_sessions s ON s.session = r.session
GROUP BY 1, 2
ORDER BY sum(flagged) OVER (PARTITION BY 1) DESC, 1, flagged DESC, 2
