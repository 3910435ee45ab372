-- title: Whether anything is on trial
-- question: Does the log have a warning of a trial at all?
-- tables: decisions
-- parameters: none
-- caveats: One row or none: verdicts are asked for only where there is one.
SELECT position FROM decisions WHERE action = 'reject_warning' LIMIT 1
