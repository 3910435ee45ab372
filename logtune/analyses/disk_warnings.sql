-- title: Warnings of a disk or queue that is full
-- question: Which lines say that the queue's file system is full, that a queue file could not be written, or was too large?
-- tables: notices, decisions, deliveries
-- parameters: none
-- caveats: By line. "Insufficient system storage" is a 452 to the client: queue_minfree or 1.5 times message_size_limit is not free
--   (src/smtpd/smtpd_check.c). A mailbox over quota is another matter and not counted.
SELECT what, count(*) AS lines, min(ts) AS first, max(ts) AS last
FROM (
    SELECT ts, CASE WHEN text LIKE 'not enough free space in mail queue%' THEN 'not enough free space in the queue'
                    WHEN text LIKE '%No space left on device%' THEN 'no space left on device'
                    WHEN text LIKE '%Read-only file system%' OR text LIKE '%Input/output error%' THEN 'file system fails'
                    WHEN text LIKE '%queue file size limit exceeded%' THEN 'mail larger than the queue takes'
                    WHEN text LIKE '%queue file write error%' OR text LIKE 'write queue file%' OR text LIKE 'create file %' OR text LIKE '%error writing%queue file%'
                      OR text LIKE 'rename %incoming%' OR text LIKE 'rename %active%' THEN 'queue file could not be written'
                    WHEN text LIKE 'qmgr_active_%' OR text LIKE 'corrupt%' OR text LIKE '%saving corrupt file%' THEN 'queue file damaged' END AS what
    FROM notices WHERE severity <> 'info' OR text LIKE '%queue file%'
    UNION ALL
    SELECT ts, CASE WHEN reason_shape LIKE '%nsufficient system storage%' THEN 'clients told: insufficient system storage'
                    WHEN reason_shape LIKE '%queue file write error%' THEN 'queue file could not be written' END
    FROM decisions WHERE action = 'reject' AND reply_code BETWEEN 400 AND 499
    UNION ALL
    SELECT ts, 'mailbox storage: no space left on device' FROM deliveries WHERE status <> 'sent' AND reason LIKE '%No space left on device%'
)
WHERE what IS NOT NULL
GROUP BY 1
ORDER BY lines DESC, 1
