-- title: The hours of the local days
-- question: Which hours (UTC) does each local day of the period touch?
-- tables: days
-- parameters: none
-- caveats: Made once as table "hours". A join by the hour of a time and the borders of its day compares few rows; one by the borders
--   alone sorts all times. An hour with midnight in it (Asia/Kolkata) has a row for either day.
SELECT unnest(generate_series(date_trunc('hour', "begin"), "end", INTERVAL 1 HOUR)) AS hour, day, "begin", "end" FROM days
