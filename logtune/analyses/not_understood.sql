-- title: Lines that were not understood
-- question: Which lines of Postfix does logtune not understand?
-- tables: unrecognised
-- parameters: $top rows
-- caveats: Lines of other programs are left out. Lines that differ only in numbers and in what stands in <..>, [..] or quotes are one kind.
SELECT coalesce(daemon::VARCHAR, '') AS daemon,
       why::VARCHAR AS why,
       sum(coalesce(repeat, 1))::BIGINT AS lines,
       arg_min(text, position) AS sample,
       min(position) AS position,
       count(*) OVER () AS groups
FROM unrecognised
WHERE why <> 'not postfix'
GROUP BY daemon, why,
         regexp_replace(regexp_replace(regexp_replace(coalesce(text, ''), '<[^>]*>', '<>', 'g'), '\[[^\]]*\]|"[^"]*"', '[]', 'g'), '[0-9A-F]*[0-9][0-9A-Fa-f]*', '0', 'g')
ORDER BY lines DESC, position
LIMIT $top
