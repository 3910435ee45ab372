-- title: Texts of decisions
-- question: Which texts do decisions have, of which origin, and which restriction do they tell?
-- tables: decisions
-- parameters: none
-- caveats: Kept as table `decision_texts` for the questions on them: there are few, however many lines have them.
SELECT DISTINCT action = 'reject' AS rejects, origin, restriction, part, reason_shape FROM decisions
