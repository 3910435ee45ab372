-- title: What fired
-- question: Which restrictions, or texts that may be theirs, did smtpd reject, defer or warn with in each service?
-- tables: decisions
-- parameters: none
-- caveats: Other actions of access tables (hold, discard, ..) count as fired too.
SELECT service::VARCHAR AS service, restriction::VARCHAR AS restriction, reason_shape::VARCHAR AS text,
       object IS NOT NULL AS has_object, reply_code // 100 AS reply_class, sum(coalesce(repeat, 1))::BIGINT AS lines
FROM decisions WHERE origin = 'smtpd'
GROUP BY ALL ORDER BY ALL
