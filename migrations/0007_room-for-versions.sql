-- A message of a broadcast grows with its states: with two fifths of each page filled at first, all its versions stay beside the first one (measured: every
-- update a HOT one instead of 88 of 100).
ALTER TABLE "outgoing" SET (fillfactor = 40);
