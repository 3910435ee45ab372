-- title: Warnings
-- question: Which lines have a severity above info?
-- tables: notices
-- parameters: none
-- caveats: Kept as table `warnings` for the questions on them.
SELECT ts, position, kind, severity, daemon, endpoint, value, repeat, client_name, client_addr, text
FROM notices
WHERE severity <> 'info'
