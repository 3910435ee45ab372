-- title: Who had mail before the queue manager
-- question: How many mails did a before-queue filter or a milter have a word on?
-- tables: decisions
-- parameters: none
-- caveats: Lines of proxy-accept and proxy-reject, and of milters. A milter that accepts leaves no line: none seen does not mean none there.
SELECT count(*) FILTER (WHERE origin = 'proxy') AS proxy, count(*) FILTER (WHERE origin = 'milter') AS milter FROM decisions
