BEGIN;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE meta (
	"key" VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
CREATE TABLE users (
	id VARCHAR(64) NOT NULL, 
	username TEXT NOT NULL, 
	username_key TEXT NOT NULL, 
	display_name TEXT NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	password_hash BLOB NOT NULL, 
	created_at BIGINT NOT NULL, password_expires_at BIGINT, suspended_at BIGINT, deleted_at BIGINT, status_text TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_username_key UNIQUE (username_key)
);
CREATE TABLE devices (
	id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	signed_in_at BIGINT NOT NULL, 
	last_seen_at BIGINT NOT NULL, 
	key_fingerprint TEXT, 
	revoked_at BIGINT, token_hash BLOB, expires_at BIGINT, 
	CONSTRAINT pk_devices PRIMARY KEY (id), 
	CONSTRAINT fk_devices_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE refresh_tokens (
	token_hash BLOB NOT NULL, 
	device_id VARCHAR(64) NOT NULL, 
	issued_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	spent_at BIGINT, 
	CONSTRAINT pk_refresh_tokens PRIMARY KEY (token_hash), 
	CONSTRAINT fk_refresh_tokens_device_id FOREIGN KEY(device_id) REFERENCES devices (id)
);
CREATE TABLE rooms (
	id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	visibility VARCHAR(16) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	created_by VARCHAR(64) NOT NULL, 
	created_at BIGINT NOT NULL, 
	last_seq BIGINT NOT NULL, 
	rev BIGINT NOT NULL, slow_mode_s BIGINT DEFAULT '0' NOT NULL, retention_s BIGINT DEFAULT '0' NOT NULL, erased_seq BIGINT DEFAULT '0' NOT NULL, archived_at BIGINT, deleted_at BIGINT, 
	CONSTRAINT pk_rooms PRIMARY KEY (id), 
	CONSTRAINT uq_rooms_name_key UNIQUE (name_key), 
	CONSTRAINT fk_rooms_created_by FOREIGN KEY(created_by) REFERENCES users (id)
);
CREATE TABLE members (
	room_id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	joined_at BIGINT NOT NULL, 
	read_seq BIGINT NOT NULL, 
	CONSTRAINT pk_members PRIMARY KEY (room_id, user_id), 
	CONSTRAINT fk_members_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_members_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE messages (
	pk INTEGER NOT NULL, 
	room_id VARCHAR(64) NOT NULL, 
	seq BIGINT NOT NULL, 
	rev BIGINT NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	author_id VARCHAR(64) NOT NULL, 
	device_id VARCHAR(64) NOT NULL, 
	nonce VARCHAR(64) NOT NULL, 
	content TEXT NOT NULL, 
	content_type VARCHAR(100) NOT NULL, 
	created_at BIGINT NOT NULL, 
	reply_to VARCHAR(64), 
	thread VARCHAR(64), 
	mentions TEXT, edited_at BIGINT, deleted_at BIGINT, pinned_at BIGINT, 
	CONSTRAINT pk_messages PRIMARY KEY (pk), 
	CONSTRAINT uq_messages_room_id_seq UNIQUE (room_id, seq), 
	CONSTRAINT uq_messages_id UNIQUE (id), 
	CONSTRAINT uq_messages_room_id_rev UNIQUE (room_id, rev), 
	CONSTRAINT uq_messages_room_id_device_id_nonce UNIQUE (room_id, device_id, nonce), 
	CONSTRAINT fk_messages_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_messages_author_id FOREIGN KEY(author_id) REFERENCES users (id), 
	CONSTRAINT fk_messages_device_id FOREIGN KEY(device_id) REFERENCES devices (id)
);
CREATE TABLE mentions (
	room_id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	seq BIGINT NOT NULL, 
	CONSTRAINT pk_mentions PRIMARY KEY (room_id, user_id, seq), 
	CONSTRAINT fk_mentions_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_mentions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE reactions (
	room_id VARCHAR(64) NOT NULL, 
	seq BIGINT NOT NULL, 
	reaction TEXT NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_reactions PRIMARY KEY (room_id, seq, reaction, user_id), 
	CONSTRAINT fk_reactions_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_reactions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE versions (
	room_id VARCHAR(64) NOT NULL, 
	seq BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	content TEXT NOT NULL, 
	CONSTRAINT pk_versions PRIMARY KEY (room_id, seq, until), 
	CONSTRAINT fk_versions_room_id FOREIGN KEY(room_id) REFERENCES rooms (id)
);
CREATE VIRTUAL TABLE message_search USING fts5(content, content='messages', content_rowid='pk', tokenize='unicode61 remove_diacritics 2');
CREATE TABLE bans (
	room_id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	banned_by VARCHAR(64) NOT NULL, 
	reason TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_bans PRIMARY KEY (room_id, user_id), 
	CONSTRAINT fk_bans_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_bans_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_bans_banned_by FOREIGN KEY(banned_by) REFERENCES users (id)
);
CREATE TABLE "invites" (
	code_hash BLOB NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	room_id VARCHAR(64), 
	created_by VARCHAR(64), 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	max_uses BIGINT, 
	uses BIGINT NOT NULL, 
	CONSTRAINT pk_invites PRIMARY KEY (code_hash), 
	CONSTRAINT fk_invites_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT uq_invites_id UNIQUE (id), 
	CONSTRAINT fk_invites_created_by FOREIGN KEY(created_by) REFERENCES users (id)
);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	actor_id VARCHAR(64), 
	actor_name TEXT NOT NULL, 
	address TEXT NOT NULL, 
	room_id VARCHAR(64), 
	target_id VARCHAR(64), 
	target_name TEXT NOT NULL, 
	details TEXT NOT NULL
);
CREATE TABLE p2p_sessions (
	id VARCHAR(64) NOT NULL, 
	room_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	asker_id VARCHAR(64) NOT NULL, 
	asker_device VARCHAR(64) NOT NULL, 
	asker_certificate TEXT, 
	peer_id VARCHAR(64) NOT NULL, 
	peer_device VARCHAR(64), 
	peer_certificate TEXT, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	accepted_at BIGINT, 
	seen_at BIGINT NOT NULL, 
	CONSTRAINT pk_p2p_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_p2p_sessions_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_p2p_sessions_asker_id FOREIGN KEY(asker_id) REFERENCES users (id), 
	CONSTRAINT fk_p2p_sessions_asker_device FOREIGN KEY(asker_device) REFERENCES devices (id), 
	CONSTRAINT fk_p2p_sessions_peer_id FOREIGN KEY(peer_id) REFERENCES users (id), 
	CONSTRAINT fk_p2p_sessions_peer_device FOREIGN KEY(peer_device) REFERENCES devices (id)
);
CREATE TABLE push_targets (
	id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	url TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	token TEXT NOT NULL, 
	name TEXT NOT NULL, 
	mentions BOOLEAN NOT NULL, 
	dms BOOLEAN NOT NULL, 
	rooms BOOLEAN NOT NULL, 
	text BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_push_targets PRIMARY KEY (id), 
	CONSTRAINT fk_push_targets_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE pushes (
	pk INTEGER NOT NULL, 
	target_id VARCHAR(64) NOT NULL, 
	room_id VARCHAR(64) NOT NULL, 
	seq BIGINT NOT NULL, 
	reason VARCHAR(16) NOT NULL, 
	created_at BIGINT NOT NULL, 
	due_at BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	CONSTRAINT pk_pushes PRIMARY KEY (pk), 
	CONSTRAINT fk_pushes_target_id FOREIGN KEY(target_id) REFERENCES push_targets (id), 
	CONSTRAINT uq_pushes_target_id_room_id_seq UNIQUE (target_id, room_id, seq)
);
INSERT INTO "alembic_version" ("version_num") VALUES ('0008');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (1, 1795595525933, 'room.role', '01m88xaqh5zdekskd4fw', 'alice', '127.0.0.1', '01m88xaqrjvf18cs5e6p', '01m88xaqhmvq5433mv7v', 'bob', '{"before": "member", "role": "moderator"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (2, 1795595525944, 'room.update', '01m88xaqh5zdekskd4fw', 'alice', '127.0.0.1', '01m88xaqrjvf18cs5e6p', '01m88xaqrjvf18cs5e6p', 'Strict', '{"topic": "With order", "slow_mode_s": "5", "retention_s": "315360000"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (3, 1795595525957, 'room.invite', '01m88xaqh5zdekskd4fw', 'alice', '127.0.0.1', '01m88xaqrjvf18cs5e6p', NULL, '', '{"invite": "01m88xaqt5b49kngbq9r", "max_uses": "3", "expires_in_s": "604800"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (4, 1795595525983, 'room.ban', '01m88xaqh5zdekskd4fw', 'alice', '127.0.0.1', '01m88xaqrjvf18cs5e6p', '01m88xaqhxc8n902an8h', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (5, 1795595526011, 'room.update', '01m88xaqh5zdekskd4fw', 'alice', '127.0.0.1', '01m88xaqvarbzymy1djz', '01m88xaqvarbzymy1djz', 'Old', '{"archived": "true"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (6, 1795595526022, 'account.suspend', '01m88xaqh5zdekskd4fw', 'alice', '127.0.0.1', NULL, '01m88xaqhxc8n902an8h', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (7, 1795595526058, 'account.restore', '01m88xaqh5zdekskd4fw', 'alice', '127.0.0.1', NULL, '01m88xaqhxc8n902an8h', 'carol', '{}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (8, 1795595526069, 'server.invite', '01m88xaqh5zdekskd4fw', 'alice', '127.0.0.1', NULL, NULL, '', '{"invite": "01m88xaqxn1zabsny4k8", "max_uses": "1", "expires_in_s": "604800"}');
INSERT INTO "bans" ("room_id", "user_id", "banned_by", "reason", "created_at") VALUES ('01m88xaqrjvf18cs5e6p', '01m88xaqhxc8n902an8h', '01m88xaqh5zdekskd4fw', 'for the story', 1795595525983);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xaqh5sfmwy6k2kn', '01m88xaqh5zdekskd4fw', 'alice''s laptop', 1795595525669, 1795595525669, 1795595526074, 'sha256:01m88xaqh5zdekskd4fw', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xaqhmm9zgp26yrs', '01m88xaqhmvq5433mv7v', 'bob''s laptop', 1795595525684, 1795595525684, 1795595526096, 'sha256:01m88xaqhmvq5433mv7v', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xaqhx78v49cwtje', '01m88xaqhxc8n902an8h', 'carol''s laptop', 1795595525693, 1795595525693, 1795595525923, 'sha256:01m88xaqhxc8n902an8h', 1795595526022, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xaqj6s9tydtqbqx', '01m88xaqh5zdekskd4fw', 'alice''s phone', 1795595525702, 1795595525702, 1795595525718, NULL, NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xaqjd61ep5p39vg', '01m88xaqh5zdekskd4fw', 'a phone that was lost', 1795595525709, 1795595525709, 1795595525715, NULL, 1795595525715, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xaqxgdvaebp3n4r', '01m88xaqhmvq5433mv7v', 'a script of bob''s', 1795595526064, 1795595526064, 1795595526064, NULL, NULL, X'A2D4AFC77F51827EB523E3A5F1A59D7FE05E693A63AECC52ACBC8776F1104BC0', NULL);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'ACF8F51DFC77DBF6CAC5C88A9DA555FA574485A468CDA2E7270AB7CE7BE97208', '01m88xaqt5b49kngbq9r', '01m88xaqrjvf18cs5e6p', '01m88xaqh5zdekskd4fw', 1795595525957, 1796200325957, 3, 0);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'AAEEE1FCD3A0F4FC79EED14CF6F1F489725F8D9935E91638F0B397B329A4E382', '01m88xaqxn1zabsny4k8', NULL, '01m88xaqh5zdekskd4fw', 1795595526069, 1796200326069, 1, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqkcx7gfn6c6xy', '01m88xaqh5zdekskd4fw', 'owner', 1795595525740, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqm26kj958wg2m', '01m88xaqh5zdekskd4fw', 'owner', 1795595525762, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqkcx7gfn6c6xy', '01m88xaqhmvq5433mv7v', 'member', 1795595525769, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqkcx7gfn6c6xy', '01m88xaqhxc8n902an8h', 'member', 1795595525782, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqncw7xr9td03g', '01m88xaqh5zdekskd4fw', 'member', 1795595525804, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqncw7xr9td03g', '01m88xaqhmvq5433mv7v', 'member', 1795595525804, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqrjvf18cs5e6p', '01m88xaqh5zdekskd4fw', 'owner', 1795595525906, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqrjvf18cs5e6p', '01m88xaqhmvq5433mv7v', 'moderator', 1795595525917, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xaqvarbzymy1djz', '01m88xaqh5zdekskd4fw', 'owner', 1795595525994, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88xaqkcx7gfn6c6xy', '01m88xaqh5zdekskd4fw', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (1, '01m88xaqm26kj958wg2m', 1, 1, '01m88xaqn99z2y46ndsj', '01m88xaqh5zdekskd4fw', '01m88xaqh5sfmwy6k2kn', 'nonce-01m88xaqh5zdekskd4fw-1', 'Nobody else reads this.', 'text/markdown', 1795595525801, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (2, '01m88xaqncw7xr9td03g', 1, 1, '01m88xaqnz8x8wzgc2z7', '01m88xaqhmvq5433mv7v', '01m88xaqhmm9zgp26yrs', 'nonce-01m88xaqhmvq5433mv7v-1', 'Between the two of us.', 'text/markdown', 1795595525823, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (3, '01m88xaqkcx7gfn6c6xy', 1, 20, '01m88xaqp0xkb817v2sd', '01m88xaqh5zdekskd4fw', '01m88xaqh5sfmwy6k2kn', 'nonce-01m88xaqh5zdekskd4fw-4', 'Good morning, everyone!', 'text/markdown', 1795595525824, NULL, NULL, NULL, NULL, NULL, 1795595525875);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (4, '01m88xaqkcx7gfn6c6xy', 2, 15, '01m88xaqp1j4sa0kysvs', '01m88xaqhmvq5433mv7v', '01m88xaqhmm9zgp26yrs', 'nonce-01m88xaqhmvq5433mv7v-4', 'Good day, alice', 'text/markdown', 1795595525825, '01m88xaqp0xkb817v2sd', NULL, '["01m88xaqh5zdekskd4fw"]', 1795595525850, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (5, '01m88xaqkcx7gfn6c6xy', 3, 5, '01m88xaqp8v3dte28p1q', '01m88xaqhxc8n902an8h', '01m88xaqhx78v49cwtje', 'nonce-01m88xaqhxc8n902an8h-1', 'In the thread', 'text/markdown', 1795595525832, NULL, '01m88xaqp0xkb817v2sd', NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (6, '01m88xaqkcx7gfn6c6xy', 4, 16, '01m88xaqp9wkgv4gh6t2', '01m88xaqhxc8n902an8h', '01m88xaqhx78v49cwtje', 'nonce-01m88xaqhxc8n902an8h-4', '', 'text/markdown', 1795595525833, NULL, NULL, NULL, NULL, 1795595525856, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (7, '01m88xaqkcx7gfn6c6xy', 5, 7, '01m88xaqpay3c2jq8b9c', '01m88xaqhmvq5433mv7v', '01m88xaqhmm9zgp26yrs', 'nonce-01m88xaqhmvq5433mv7v-6', 'plain', 'text/plain', 1795595525834, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (8, '01m88xaqkcx7gfn6c6xy', 6, 8, '01m88xaqpb7257jebx25', '01m88xaqh5zdekskd4fw', '01m88xaqh5sfmwy6k2kn', 'nonce-01m88xaqh5zdekskd4fw-6', 'ciphertext', 'application/octet-stream', 1795595525835, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (9, '01m88xaqkcx7gfn6c6xy', 7, 9, '01m88xaqpc56jrdhxtj2', '01m88xaqhmvq5433mv7v', '01m88xaqhmm9zgp26yrs', 'nonce-01m88xaqhmvq5433mv7v-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795595525836, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (10, '01m88xaqkcx7gfn6c6xy', 8, 10, '01m88xaqpc2e1jxhpp22', '01m88xaqhmvq5433mv7v', '01m88xaqhmm9zgp26yrs', 'nonce-01m88xaqhmvq5433mv7v-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795595525836, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (11, '01m88xaqkcx7gfn6c6xy', 9, 11, '01m88xaqpdtb4ec88ctg', '01m88xaqhmvq5433mv7v', '01m88xaqhmm9zgp26yrs', 'nonce-01m88xaqhmvq5433mv7v-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795595525837, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (12, '01m88xaqkcx7gfn6c6xy', 10, 12, '01m88xaqper3n373vrqr', '01m88xaqhmvq5433mv7v', '01m88xaqhmm9zgp26yrs', 'nonce-01m88xaqhmvq5433mv7v-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795595525838, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (13, '01m88xaqkcx7gfn6c6xy', 11, 13, '01m88xaqpfz7pkw1bzwx', '01m88xaqhmvq5433mv7v', '01m88xaqhmm9zgp26yrs', 'nonce-01m88xaqhmvq5433mv7v-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795595525839, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (14, '01m88xaqrjvf18cs5e6p', 1, 3, '01m88xaqs8t6vz781vs6', '01m88xaqhxc8n902an8h', '01m88xaqhx78v49cwtje', 'nonce-01m88xaqhxc8n902an8h-8', 'I was here.', 'text/markdown', 1795595525928, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (15, '01m88xaqvarbzymy1djz', 1, 1, '01m88xaqvrhzvn97wjks', '01m88xaqh5zdekskd4fw', '01m88xaqh5sfmwy6k2kn', 'nonce-01m88xaqh5zdekskd4fw-10', 'All was said.', 'text/markdown', 1795595526008, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', 'b851fcfca25f2426');
INSERT INTO "meta" ("key", "value") VALUES ('push_cursor', '0');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "p2p_sessions" ("id", "room_id", "kind", "asker_id", "asker_device", "asker_certificate", "peer_id", "peer_device", "peer_certificate", "created_at", "expires_at", "accepted_at", "seen_at") VALUES ('c8136545-6c59-4621-8da7-eacf84da789c', '01m88xaqkcx7gfn6c6xy', 'file', '01m88xaqh5zdekskd4fw', '01m88xaqh5sfmwy6k2kn', NULL, '01m88xaqhmvq5433mv7v', NULL, NULL, 1795595526075, 1795595706075, NULL, 1795595526075);
INSERT INTO "push_targets" ("id", "user_id", "kind", "url", "topic", "token", "name", "mentions", "dms", "rooms", "text", "created_at", "state") VALUES ('01m88xaqyg5rew64bxhy', '01m88xaqhmvq5433mv7v', 'ntfy', 'https://ntfy.example.org', 'bobs', '', 'bob''s phone', 1, 1, 0, 0, 1795595526097, 'untried');
INSERT INTO "pushes" ("pk", "target_id", "room_id", "seq", "reason", "created_at", "due_at", "attempts") VALUES (1, '01m88xaqyg5rew64bxhy', 'example room_id', 1, 'example reason', 1795595526594, 1795595526594, 1);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88xaqkcx7gfn6c6xy', 1, '👍', '01m88xaqh5zdekskd4fw', 1795595525865);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88xaqkcx7gfn6c6xy', 1, '👍', '01m88xaqhmvq5433mv7v', 1795595525869);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88xaqkcx7gfn6c6xy', 1, '🎉', '01m88xaqhxc8n902an8h', 1795595525871);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'F717781865B66471071AFAAB265C14E48E592A98691E027A2A7D0AC907564BA2', '01m88xaqh5sfmwy6k2kn', 1795595525669, 1798187525669, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'3F2A1E696B64FA87F72D3CD099B72F7AEE2CE828285FA2915DCBEEA33D437829', '01m88xaqhmm9zgp26yrs', 1795595525684, 1798187525684, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'7639725084FFC2509DD71EF0A6F005C83739A7B312B1FE5C946CA4DE900D86C3', '01m88xaqj6s9tydtqbqx', 1795595525702, 1798187525702, 1795595525718);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'16D0B4798E91DD049785A25FAE49DDD6873726F86DE95DADE1E859639E96C400', '01m88xaqj6s9tydtqbqx', 1795595525718, 1798187525718, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88xaqkcx7gfn6c6xy', 'General', 'general', 'All of us', 'public', 'room', '01m88xaqh5zdekskd4fw', 1795595525740, 11, 20, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88xaqm26kj958wg2m', 'Attic', 'attlc', '', 'private', 'room', '01m88xaqh5zdekskd4fw', 1795595525762, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88xaqncw7xr9td03g', '', 'dm:01m88xaqh5zdekskd4fw:01m88xaqhmvq5433mv7v', '', 'private', 'dm', '01m88xaqh5zdekskd4fw', 1795595525804, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88xaqrjvf18cs5e6p', 'Strict', 'strlct', 'With order', 'public', 'room', '01m88xaqh5zdekskd4fw', 1795595525906, 1, 6, 5, 315360000, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88xaqvarbzymy1djz', 'Old', 'old', '', 'public', 'room', '01m88xaqh5zdekskd4fw', 1795595525994, 1, 2, 0, 0, 0, 1795595526011, NULL);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88xaqh5zdekskd4fw', 'alice', 'allce', 'alice', 'admin', X'24326224303424596A786B67682E6D4F736D376D736C49664B4177394F43716D4A626A716B575965464D50566C6C46576E324B4E345A54543952364B', 1795595525669, NULL, NULL, NULL, '');
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88xaqhmvq5433mv7v', 'bob', 'bob', 'bob', 'user', X'2432622430342435502E6657336F386663524C336A684653376D4D484F704C7441345853634A41534873634A53544B465959422E7431516276323761', 1795595525684, NULL, NULL, NULL, '');
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88xaqhxc8n902an8h', 'carol', 'carol', 'Carol C.', 'user', X'243262243034245A4C715047674A69365A6565756E7A6C78327868484F57673972427172334C676E393863382E746338315A446D53494C5A5A6F5257', 1795595525693, NULL, NULL, NULL, '');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88xaqkcx7gfn6c6xy', 2, 1795595525842, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88xaqkcx7gfn6c6xy', 2, 1795595525850, 'Good morning, alice');
INSERT INTO message_search(rowid, content) SELECT pk, content FROM messages
  WHERE pk <= (SELECT value FROM meta WHERE key = 'search_pk') AND deleted_at IS NULL AND content_type LIKE 'text/%';
CREATE INDEX ix_devices_user_id ON devices (user_id);
CREATE INDEX ix_refresh_tokens_device_id ON refresh_tokens (device_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE INDEX ix_messages_room_id_author_id_seq ON messages (room_id, author_id, seq);
CREATE INDEX ix_messages_deleted ON messages (room_id, seq) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX ix_messages_thread ON messages (room_id, thread, seq) WHERE thread IS NOT NULL;
CREATE UNIQUE INDEX ix_devices_token_hash ON devices (token_hash);
CREATE INDEX ix_invites_room_id ON invites (room_id);
CREATE INDEX ix_audit_room_id_id ON audit (room_id, id);
CREATE INDEX ix_audit_at ON audit (at);
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE INDEX ix_p2p_sessions_room_id ON p2p_sessions (room_id);
CREATE INDEX ix_p2p_sessions_asker_id ON p2p_sessions (asker_id);
CREATE INDEX ix_p2p_sessions_peer_id ON p2p_sessions (peer_id);
CREATE INDEX ix_push_targets_user_id ON push_targets (user_id);
CREATE INDEX ix_pushes_due_at ON pushes (due_at);
COMMIT;
