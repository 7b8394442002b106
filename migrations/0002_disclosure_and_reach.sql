CREATE TABLE "disclosure_links" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"contact_id" uuid NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "broadcasts" ADD COLUMN "reach_counted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "contacts" ADD COLUMN "unreachable_since" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "disclosure_links_contact" ON "disclosure_links" USING btree ("contact_id");--> statement-breakpoint
CREATE INDEX "disclosure_links_end" ON "disclosure_links" USING btree ("expires_at");