-- title: Kinds of decisions
-- question: Which kinds of lines do decisions have, how many lines are of each, and from when to when?
-- tables: decisions
-- parameters: none
-- caveats: Kept as table `decision_kinds` for the questions that need no single line: there are few kinds, however many lines are of
--   them. lines: "message repeated N times" counts N; stamped: lines with a readable stamp; position: that of the first.
SELECT host::VARCHAR AS host, instance::VARCHAR AS instance, service::VARCHAR AS service, origin::VARCHAR AS origin, action::VARCHAR AS action,
       restriction::VARCHAR AS restriction, part::VARCHAR AS part, reason_shape::VARCHAR AS reason_shape, protocol_state::VARCHAR AS protocol_state,
       object IS NOT NULL AS has_object, reply_code,
       sum(coalesce(repeat, 1))::BIGINT AS lines, count(ts) AS stamped, min(ts) AS first, max(ts) AS last, min(position) AS position
FROM decisions
GROUP BY ALL
