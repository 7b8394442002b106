CREATE TABLE "outgoing_wamids" (
	"wamid_hash" "bytea" NOT NULL,
	"outgoing_id" bigint NOT NULL
);
--> statement-breakpoint
DROP INDEX "outgoing_wamid";--> statement-breakpoint
INSERT INTO "outgoing_wamids" SELECT "wamid_hash", "id" FROM "outgoing" WHERE "wamid_hash" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "outgoing_wamids_hash" ON "outgoing_wamids" USING hash ("wamid_hash");--> statement-breakpoint
CREATE FUNCTION "forget_wamids"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM "outgoing_wamids" w USING gone WHERE w."wamid_hash" = gone."wamid_hash" AND w."outgoing_id" = gone."id";
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER "outgoing_forgets_wamids" AFTER DELETE ON "outgoing" REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION "forget_wamids"();
