-- An override excepts a change from the windows it is outside of as well as from freezes.

ALTER TABLE change_override RENAME COLUMN freezes TO entries;
ALTER INDEX change_override_freezes RENAME TO change_override_entries;
COMMENT ON COLUMN change_override.entries IS 'The freezes that held the change when it was asked for, and the windows it was outside of.';
