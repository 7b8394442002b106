-- Each message of a broadcast is written twice (handed over, settled): half-filled pages keep the new versions beside the old ones.
ALTER TABLE "outgoing" SET (fillfactor = 50);--> statement-breakpoint
-- The same rule as before, checked after the row was written: before it, PostgreSQL locks and fetches every row once more.
DROP TRIGGER "outgoing_only_forward" ON "outgoing";--> statement-breakpoint
CREATE TRIGGER "outgoing_only_forward" AFTER UPDATE OF "status" ON "outgoing" FOR EACH ROW
WHEN (NEW."status" <> OLD."status" AND NOT CASE OLD."status"
  WHEN 'queued' THEN NEW."status" NOT IN ('accepted', 'held', 'unknown')
  WHEN 'sending' THEN NEW."status" <> 'skipped'
  WHEN 'unknown' THEN NEW."status" NOT IN ('sending', 'skipped')
  WHEN 'accepted' THEN NEW."status" IN ('held', 'sent', 'delivered', 'read', 'failed')
  WHEN 'held' THEN NEW."status" IN ('accepted', 'sent', 'delivered', 'read', 'failed')
  WHEN 'sent' THEN NEW."status" IN ('delivered', 'read', 'failed')
  WHEN 'delivered' THEN NEW."status" = 'read'
  WHEN 'failed' THEN NEW."status" IN ('delivered', 'read', 'queued')
  WHEN 'skipped' THEN NEW."status" IN ('sent', 'delivered', 'read')
  ELSE false END)
EXECUTE FUNCTION "refuse_state_change"();
