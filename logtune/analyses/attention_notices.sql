-- title: Warnings and errors by kind
-- question: Which warnings, errors and fatal errors does the log have, and how many of each kind?
-- tables: warnings
-- parameters: none
-- caveats: Texts that differ only in numbers and in what stands in <..>, [..] or quotes are one kind, shown by its latest text.
--   Warnings that only say what a client or a remote site did are left out here where they come by the thousand
--   (host names that do not resolve, addresses with bad syntax, failed logins: those have a section of their own).
SELECT kind::VARCHAR AS kind, severity::VARCHAR AS severity, daemon::VARCHAR AS daemon,
       arg_max(text, position) AS sample,
       sum(coalesce(repeat, 1))::BIGINT AS lines,
       min(ts) AS first, max(ts) AS last,
       arg_max(endpoint, position) AS endpoint, max(value) AS value
FROM warnings
WHERE text IS NOT NULL
  AND kind NOT IN ('sasl_failure', 'client_sasl_failure', 'process_limit', 'log_loss')
  AND text NOT LIKE 'hostname % does not resolve to address %'
  AND text NOT LIKE 'Illegal address syntax from %'
  -- what master says after each "has reached its process limit"
  AND text NOT LIKE 'to avoid this condition, increase the process count%' AND text NOT LIKE 'see http%STRESS_README%'
GROUP BY kind, severity, daemon,
         regexp_replace(regexp_replace(text, '<[^>]*>|\[[^\]]*\]|"[^"]*"', '', 'g'), '[0-9A-F]*[0-9][0-9A-Fa-f]*', '0', 'g')
ORDER BY lines DESC, sample, 1, 2, 3
