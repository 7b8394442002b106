CREATE TYPE "public"."broadcast_status" AS ENUM('draft', 'awaiting-approval', 'scheduled', 'starting', 'sending', 'paused', 'done', 'cancelled', 'rejected');--> statement-breakpoint
CREATE TYPE "public"."consent_action" AS ENUM('granted', 'withdrawn', 'moved', 'expired');--> statement-breakpoint
CREATE TYPE "public"."offering" AS ENUM('info', 'chat');--> statement-breakpoint
CREATE TYPE "public"."outgoing_kind" AS ENUM('broadcast', 'reply', 'answer', 'test', 'inbox');--> statement-breakpoint
CREATE TYPE "public"."outgoing_status" AS ENUM('queued', 'sending', 'accepted', 'held', 'sent', 'delivered', 'read', 'failed', 'skipped', 'unknown');--> statement-breakpoint
CREATE TYPE "public"."role" AS ENUM('editor', 'approver', 'admin', 'inbox');--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"role" "role" NOT NULL,
	"channel" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"channel" text,
	"actor" text NOT NULL,
	"actor_name" text NOT NULL,
	"action" text NOT NULL,
	"target" text,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "broadcasts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"channel" text NOT NULL,
	"title" text NOT NULL,
	"template_name" text NOT NULL,
	"template_language" text NOT NULL,
	"parameters" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"audience" jsonb NOT NULL,
	"send_at" timestamp (3) with time zone,
	"recurrence" jsonb,
	"status" "broadcast_status" DEFAULT 'draft' NOT NULL,
	"paused_reason" text,
	"due_at" timestamp (3) with time zone,
	"series_id" uuid,
	"correction_of" uuid,
	"content_hash" text NOT NULL,
	"components" jsonb,
	"category" text,
	"created_by" text NOT NULL,
	"changed_by" text NOT NULL,
	"submitted_by" text,
	"submitted_at" timestamp (3) with time zone,
	"approved_by" text,
	"approved_at" timestamp (3) with time zone,
	"rejected_reason" text,
	"first_id" bigint,
	"last_id" bigint,
	"body" text,
	"totals" jsonb,
	"history" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "channel_events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"kind" text NOT NULL,
	"severity" text NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "channels" (
	"slug" text PRIMARY KEY NOT NULL,
	"stopped_at" timestamp (3) with time zone,
	"stopped_code" text,
	"stopped_reason" text,
	"daily_limit" integer,
	"quality_rating" text,
	"phone_status" text,
	"throughput_level" text,
	"checked_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "chat_messages" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"chat_id" uuid NOT NULL,
	"inbound" boolean NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"type" text NOT NULL,
	"wamid_sealed" text,
	"wamid_hash" "bytea",
	"media_sealed" text,
	"outgoing_id" bigint,
	"author" text
);
--> statement-breakpoint
CREATE TABLE "chats" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"channel" text NOT NULL,
	"contact_id" uuid NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone,
	"closed_by" text,
	"erase_at" timestamp (3) with time zone,
	"erased" jsonb,
	"closed_notice_until" timestamp (3) with time zone,
	"external" jsonb
);
--> statement-breakpoint
CREATE TABLE "consent_details" (
	"consent_id" bigint PRIMARY KEY NOT NULL,
	"salt" "bytea" NOT NULL,
	"message_id_sealed" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "consent_heads" (
	"channel" text PRIMARY KEY NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"hash" "bytea" DEFAULT '\x' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "consents" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"seq" bigint NOT NULL,
	"subject" uuid NOT NULL,
	"offering" "offering" NOT NULL,
	"action" "consent_action" NOT NULL,
	"topics" text[],
	"at" timestamp (3) with time zone NOT NULL,
	"source" text NOT NULL,
	"notice_version" text NOT NULL,
	"wording" text,
	"detail_hash" "bytea",
	"hash" "bytea" NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "contacts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"channel" text NOT NULL,
	"subject" uuid DEFAULT gen_random_uuid() NOT NULL,
	"phone_sealed" text,
	"phone_hash" "bytea",
	"user_id_sealed" text,
	"user_id_hash" "bytea",
	"name_sealed" text,
	"last_inbound_at" timestamp (3) with time zone,
	"marketing_stopped_at" timestamp (3) with time zone,
	"unreachable" smallint DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "contacts_known_somehow" CHECK ("contacts"."phone_hash" is not null or "contacts"."user_id_hash" is not null)
);
--> statement-breakpoint
CREATE TABLE "former_ids" (
	"channel" text NOT NULL,
	"id_hash" "bytea" NOT NULL,
	"contact_id" uuid NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "former_ids_channel_id_hash_contact_id_pk" PRIMARY KEY("channel","id_hash","contact_id")
);
--> statement-breakpoint
CREATE TABLE "held_messages" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"contact_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"keep_until" timestamp (3) with time zone NOT NULL,
	"message_sealed" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency" (
	"key" "bytea" PRIMARY KEY NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"status" smallint,
	"answer" jsonb,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "job_runs" (
	"name" text PRIMARY KEY NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notices" (
	"contact_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "notices_contact_id_kind_pk" PRIMARY KEY("contact_id","kind")
);
--> statement-breakpoint
CREATE TABLE "outgoing" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"broadcast_id" uuid,
	"contact_id" uuid,
	"chat_id" uuid,
	"handed_over_at" timestamp (3) with time zone,
	"status_at" timestamp (3) with time zone,
	"not_before" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"kind" "outgoing_kind" NOT NULL,
	"status" "outgoing_status" DEFAULT 'queued' NOT NULL,
	"error_code" integer,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"urgency" smallint DEFAULT 5 NOT NULL,
	"billable" boolean,
	"channel" text NOT NULL,
	"wamid_hash" "bytea",
	"pricing_category" text,
	"pricing_type" text,
	"dedupe_key" text,
	"address_sealed" text,
	"payload_sealed" text
);
--> statement-breakpoint
CREATE TABLE "received" (
	"channel" text NOT NULL,
	"key" "bytea" NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "received_channel_key_pk" PRIMARY KEY("channel","key")
);
--> statement-breakpoint
CREATE TABLE "senders" (
	"channel" text PRIMARY KEY NOT NULL,
	"owner" uuid,
	"leased_until" timestamp (3) with time zone DEFAULT 'epoch' NOT NULL,
	"slot_ms" double precision DEFAULT 0 NOT NULL,
	"pace" double precision DEFAULT 1 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"staff_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sign_in_links" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"staff_id" uuid NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "staff" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"email" text NOT NULL,
	"name" text,
	"role" "role" NOT NULL,
	"channel" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"disabled_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "stray_statuses" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"wamid_hash" "bytea" NOT NULL,
	"status" "outgoing_status" NOT NULL,
	"status_at" timestamp (3) with time zone NOT NULL,
	"error_code" integer,
	"pricing_category" text,
	"pricing_type" text,
	"billable" boolean,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"channel" text NOT NULL,
	"contact_id" uuid NOT NULL,
	"offering" "offering" NOT NULL,
	"topics" text[],
	"joined_at" timestamp (3) with time zone NOT NULL,
	"left_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "suppressions" (
	"channel" text NOT NULL,
	"id_hash" "bytea" NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "suppressions_channel_id_hash_pk" PRIMARY KEY("channel","id_hash")
);
--> statement-breakpoint
CREATE TABLE "templates" (
	"channel" text NOT NULL,
	"name" text NOT NULL,
	"language" text NOT NULL,
	"meta_id" text,
	"status" text NOT NULL,
	"category" text NOT NULL,
	"previous_category" text,
	"quality" text,
	"parameter_format" text DEFAULT 'POSITIONAL' NOT NULL,
	"components" jsonb NOT NULL,
	"rejected_reason" text,
	"read_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "templates_channel_name_language_pk" PRIMARY KEY("channel","name","language")
);
--> statement-breakpoint
CREATE TABLE "vault" (
	"name" text PRIMARY KEY NOT NULL,
	"sealed" text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "audit_newest" ON "audit" USING btree ("channel","id");--> statement-breakpoint
CREATE INDEX "audit_age" ON "audit" USING btree ("at");--> statement-breakpoint
CREATE INDEX "broadcasts_newest" ON "broadcasts" USING btree ("channel","created_at");--> statement-breakpoint
CREATE INDEX "broadcasts_due" ON "broadcasts" USING btree ("due_at") WHERE "broadcasts"."due_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "broadcasts_one_per_date" ON "broadcasts" USING btree ("series_id","send_at") WHERE "broadcasts"."series_id" is not null;--> statement-breakpoint
CREATE INDEX "channel_events_newest" ON "channel_events" USING btree ("channel","id");--> statement-breakpoint
CREATE INDEX "chat_messages_chat" ON "chat_messages" USING btree ("chat_id","at");--> statement-breakpoint
CREATE INDEX "chat_messages_wamid" ON "chat_messages" USING hash ("wamid_hash");--> statement-breakpoint
CREATE INDEX "chat_messages_outgoing" ON "chat_messages" USING btree ("outgoing_id") WHERE "chat_messages"."outgoing_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "chats_one_open" ON "chats" USING btree ("contact_id") WHERE "chats"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "chats_newest" ON "chats" USING btree ("channel","opened_at");--> statement-breakpoint
CREATE INDEX "chats_contact" ON "chats" USING btree ("contact_id");--> statement-breakpoint
CREATE INDEX "chats_to_erase" ON "chats" USING btree ("erase_at") WHERE "chats"."erase_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "consents_chain" ON "consents" USING btree ("channel","seq");--> statement-breakpoint
CREATE INDEX "consents_subject" ON "consents" USING btree ("subject","id");--> statement-breakpoint
CREATE UNIQUE INDEX "contacts_phone" ON "contacts" USING btree ("channel","phone_hash") WHERE "contacts"."phone_hash" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "contacts_user_id" ON "contacts" USING btree ("channel","user_id_hash") WHERE "contacts"."user_id_hash" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "contacts_subject" ON "contacts" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "former_ids_contact" ON "former_ids" USING btree ("contact_id");--> statement-breakpoint
CREATE INDEX "held_messages_contact" ON "held_messages" USING btree ("contact_id");--> statement-breakpoint
CREATE INDEX "held_messages_end" ON "held_messages" USING btree ("keep_until");--> statement-breakpoint
CREATE INDEX "idempotency_age" ON "idempotency" USING btree ("at");--> statement-breakpoint
CREATE UNIQUE INDEX "outgoing_once_per_broadcast" ON "outgoing" USING btree ("broadcast_id","contact_id") WHERE "outgoing"."broadcast_id" is not null;--> statement-breakpoint
CREATE INDEX "outgoing_wamid" ON "outgoing" USING hash ("wamid_hash");--> statement-breakpoint
CREATE INDEX "outgoing_due" ON "outgoing" USING btree ("channel","urgency","not_before","id") WHERE "outgoing"."not_before" is not null and "outgoing"."kind" <> 'inbox';--> statement-breakpoint
CREATE INDEX "outgoing_forwards" ON "outgoing" USING btree ("channel","chat_id","id") WHERE "outgoing"."not_before" is not null and "outgoing"."kind" = 'inbox';--> statement-breakpoint
CREATE INDEX "outgoing_contact" ON "outgoing" USING btree ("contact_id") WHERE "outgoing"."kind" <> 'broadcast';--> statement-breakpoint
CREATE UNIQUE INDEX "outgoing_dedupe" ON "outgoing" USING btree ("channel","dedupe_key") WHERE "outgoing"."dedupe_key" is not null;--> statement-breakpoint
CREATE INDEX "sessions_staff" ON "sessions" USING btree ("staff_id");--> statement-breakpoint
CREATE INDEX "sign_in_links_staff" ON "sign_in_links" USING btree ("staff_id");--> statement-breakpoint
CREATE UNIQUE INDEX "staff_email" ON "staff" USING btree (lower("email"));--> statement-breakpoint
CREATE INDEX "stray_statuses_age" ON "stray_statuses" USING btree ("channel","at");--> statement-breakpoint
CREATE UNIQUE INDEX "subscriptions_one_active" ON "subscriptions" USING btree ("contact_id","offering") WHERE "subscriptions"."left_at" is null;--> statement-breakpoint
CREATE INDEX "subscriptions_members" ON "subscriptions" USING btree ("channel","offering","contact_id") WHERE "subscriptions"."left_at" is null;--> statement-breakpoint
CREATE INDEX "subscriptions_left" ON "subscriptions" USING btree ("channel","left_at") WHERE "subscriptions"."left_at" is not null;--> statement-breakpoint
CREATE INDEX "subscriptions_joined" ON "subscriptions" USING btree ("channel","joined_at");--> statement-breakpoint
ALTER TABLE "outgoing" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "senders" SET (fillfactor = 20);--> statement-breakpoint
CREATE FUNCTION "refuse_state_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'outgoing %: % cannot become %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
END $$;--> statement-breakpoint
CREATE TRIGGER "outgoing_only_forward" BEFORE UPDATE OF "status" ON "outgoing" FOR EACH ROW
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
EXECUTE FUNCTION "refuse_state_change"();--> statement-breakpoint
CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;--> statement-breakpoint
CREATE TRIGGER "consents_append_only" BEFORE UPDATE OR DELETE ON "consents" FOR EACH ROW EXECUTE FUNCTION "refuse_change"();--> statement-breakpoint
CREATE TRIGGER "consents_no_truncate" BEFORE TRUNCATE ON "consents" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
