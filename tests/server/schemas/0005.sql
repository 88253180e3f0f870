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
	created_at BIGINT NOT NULL, password_expires_at BIGINT, suspended_at BIGINT, deleted_at BIGINT, 
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
	CONSTRAINT fk_invites_created_by FOREIGN KEY(created_by) REFERENCES users (id), 
	CONSTRAINT fk_invites_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT uq_invites_id UNIQUE (id)
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
INSERT INTO "alembic_version" ("version_num") VALUES ('0005');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (1, 1795593973835, 'room.role', '01m88vvbpy8c24t2nbw1', 'alice', '127.0.0.1', '01m88vvc1fz8setg3kdw', '01m88vvbqgfsp0ndfbz3', 'bob', '{"before": "member", "role": "moderator"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (2, 1795593973842, 'room.update', '01m88vvbpy8c24t2nbw1', 'alice', '127.0.0.1', '01m88vvc1fz8setg3kdw', '01m88vvc1fz8setg3kdw', 'Strict', '{"topic": "With order", "slow_mode_s": "5", "retention_s": "315360000"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (3, 1795593973858, 'room.invite', '01m88vvbpy8c24t2nbw1', 'alice', '127.0.0.1', '01m88vvc1fz8setg3kdw', NULL, '', '{"invite": "01m88vvc32qs4pnj58k5", "max_uses": "3", "expires_in_s": "604800"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (4, 1795593973867, 'room.ban', '01m88vvbpy8c24t2nbw1', 'alice', '127.0.0.1', '01m88vvc1fz8setg3kdw', '01m88vvbr1bp4gd9b59g', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (5, 1795593973891, 'room.update', '01m88vvbpy8c24t2nbw1', 'alice', '127.0.0.1', '01m88vvc3s07ymc1qdzt', '01m88vvc3s07ymc1qdzt', 'Old', '{"archived": "true"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (6, 1795593973902, 'account.suspend', '01m88vvbpy8c24t2nbw1', 'alice', '127.0.0.1', NULL, '01m88vvbr1bp4gd9b59g', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (7, 1795593973926, 'account.restore', '01m88vvbpy8c24t2nbw1', 'alice', '127.0.0.1', NULL, '01m88vvbr1bp4gd9b59g', 'carol', '{}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (8, 1795593973938, 'server.invite', '01m88vvbpy8c24t2nbw1', 'alice', '127.0.0.1', NULL, NULL, '', '{"invite": "01m88vvc5j5hh5mdxy8t", "max_uses": "1", "expires_in_s": "604800"}');
INSERT INTO "bans" ("room_id", "user_id", "banned_by", "reason", "created_at") VALUES ('01m88vvc1fz8setg3kdw', '01m88vvbr1bp4gd9b59g', '01m88vvbpy8c24t2nbw1', 'for the story', 1795593973867);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88vvbpykhnz7pm5b9', '01m88vvbpy8c24t2nbw1', 'alice''s laptop', 1795593973470, 1795593973470, 1795593973938, 'sha256:01m88vvbpy8c24t2nbw1', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88vvbqg9epbgrybs9', '01m88vvbqgfsp0ndfbz3', 'bob''s laptop', 1795593973488, 1795593973488, 1795593973930, 'sha256:01m88vvbqgfsp0ndfbz3', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88vvbr119nanjsra2', '01m88vvbr1bp4gd9b59g', 'carol''s laptop', 1795593973505, 1795593973505, 1795593973826, 'sha256:01m88vvbr1bp4gd9b59g', 1795593973902, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88vvbr8yzgr5vkfke', '01m88vvbpy8c24t2nbw1', 'alice''s phone', 1795593973512, 1795593973512, 1795593973550, NULL, NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88vvbrm396fcvapgg', '01m88vvbpy8c24t2nbw1', 'a phone that was lost', 1795593973524, 1795593973524, 1795593973546, NULL, 1795593973546, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88vvc5axf7crxq238', '01m88vvbqgfsp0ndfbz3', 'a script of bob''s', 1795593973930, 1795593973930, 1795593973930, NULL, NULL, X'7077BEBC2727F951F1DC4436D0C290529556DC06EBB7A4E976563C2481E1E1D1', NULL);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'604E172CE335BF8A0D64012EA5FE83B63E2141950AAFD4DD334112E49F794E3A', '01m88vvc32qs4pnj58k5', '01m88vvc1fz8setg3kdw', '01m88vvbpy8c24t2nbw1', 1795593973858, 1796198773858, 3, 0);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'1B6CEC603627E79565ED22C3FDC6706C938A9E3C55C897C16A5A60F2FA0C181B', '01m88vvc5j5hh5mdxy8t', NULL, '01m88vvbpy8c24t2nbw1', 1795593973938, 1796198773938, 1, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvbtab68ms6v72y', '01m88vvbpy8c24t2nbw1', 'owner', 1795593973578, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvbttn0jkwkxn4k', '01m88vvbpy8c24t2nbw1', 'owner', 1795593973594, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvbtab68ms6v72y', '01m88vvbqgfsp0ndfbz3', 'member', 1795593973619, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvbtab68ms6v72y', '01m88vvbr1bp4gd9b59g', 'member', 1795593973644, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvbxhy3pw75pdfq', '01m88vvbpy8c24t2nbw1', 'member', 1795593973681, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvbxhy3pw75pdfq', '01m88vvbqgfsp0ndfbz3', 'member', 1795593973681, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvc1fz8setg3kdw', '01m88vvbpy8c24t2nbw1', 'owner', 1795593973807, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvc1fz8setg3kdw', '01m88vvbqgfsp0ndfbz3', 'moderator', 1795593973815, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vvc3s07ymc1qdzt', '01m88vvbpy8c24t2nbw1', 'owner', 1795593973881, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88vvbtab68ms6v72y', '01m88vvbpy8c24t2nbw1', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (1, '01m88vvbttn0jkwkxn4k', 1, 1, '01m88vvbx9h65s37p6gj', '01m88vvbpy8c24t2nbw1', '01m88vvbpykhnz7pm5b9', 'nonce-01m88vvbpy8c24t2nbw1-1', 'Nobody else reads this.', 'text/markdown', 1795593973673, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (2, '01m88vvbxhy3pw75pdfq', 1, 1, '01m88vvby68xez62ccya', '01m88vvbqgfsp0ndfbz3', '01m88vvbqg9epbgrybs9', 'nonce-01m88vvbqgfsp0ndfbz3-1', 'Between the two of us.', 'text/markdown', 1795593973702, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (3, '01m88vvbtab68ms6v72y', 1, 20, '01m88vvby7z1m328grr5', '01m88vvbpy8c24t2nbw1', '01m88vvbpykhnz7pm5b9', 'nonce-01m88vvbpy8c24t2nbw1-4', 'Good morning, everyone!', 'text/markdown', 1795593973703, NULL, NULL, NULL, NULL, NULL, 1795593973785);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (4, '01m88vvbtab68ms6v72y', 2, 15, '01m88vvby9ksvqgx7gvx', '01m88vvbqgfsp0ndfbz3', '01m88vvbqg9epbgrybs9', 'nonce-01m88vvbqgfsp0ndfbz3-4', 'Good day, alice', 'text/markdown', 1795593973705, '01m88vvby7z1m328grr5', NULL, '["01m88vvbpy8c24t2nbw1"]', 1795593973754, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (5, '01m88vvbtab68ms6v72y', 3, 5, '01m88vvbysvcmqxb4a58', '01m88vvbr1bp4gd9b59g', '01m88vvbr119nanjsra2', 'nonce-01m88vvbr1bp4gd9b59g-1', 'In the thread', 'text/markdown', 1795593973721, NULL, '01m88vvby7z1m328grr5', NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (6, '01m88vvbtab68ms6v72y', 4, 16, '01m88vvbytet7zx7dvdk', '01m88vvbr1bp4gd9b59g', '01m88vvbr119nanjsra2', 'nonce-01m88vvbr1bp4gd9b59g-4', '', 'text/markdown', 1795593973722, NULL, NULL, NULL, NULL, 1795593973763, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (7, '01m88vvbtab68ms6v72y', 5, 7, '01m88vvbyv1h2x1btgw5', '01m88vvbqgfsp0ndfbz3', '01m88vvbqg9epbgrybs9', 'nonce-01m88vvbqgfsp0ndfbz3-6', 'plain', 'text/plain', 1795593973723, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (8, '01m88vvbtab68ms6v72y', 6, 8, '01m88vvbywd01zqk5y9p', '01m88vvbpy8c24t2nbw1', '01m88vvbpykhnz7pm5b9', 'nonce-01m88vvbpy8c24t2nbw1-6', 'ciphertext', 'application/octet-stream', 1795593973724, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (9, '01m88vvbtab68ms6v72y', 7, 9, '01m88vvbz1r4chbdq398', '01m88vvbqgfsp0ndfbz3', '01m88vvbqg9epbgrybs9', 'nonce-01m88vvbqgfsp0ndfbz3-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795593973729, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (10, '01m88vvbtab68ms6v72y', 8, 10, '01m88vvbz2y8e7djh9wq', '01m88vvbqgfsp0ndfbz3', '01m88vvbqg9epbgrybs9', 'nonce-01m88vvbqgfsp0ndfbz3-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795593973730, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (11, '01m88vvbtab68ms6v72y', 9, 11, '01m88vvbz2j50tvrjrcq', '01m88vvbqgfsp0ndfbz3', '01m88vvbqg9epbgrybs9', 'nonce-01m88vvbqgfsp0ndfbz3-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795593973730, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (12, '01m88vvbtab68ms6v72y', 10, 12, '01m88vvbz3ngb94ngrzy', '01m88vvbqgfsp0ndfbz3', '01m88vvbqg9epbgrybs9', 'nonce-01m88vvbqgfsp0ndfbz3-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795593973731, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (13, '01m88vvbtab68ms6v72y', 11, 13, '01m88vvbz3xp7z1y2abq', '01m88vvbqgfsp0ndfbz3', '01m88vvbqg9epbgrybs9', 'nonce-01m88vvbqgfsp0ndfbz3-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795593973731, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (14, '01m88vvc1fz8setg3kdw', 1, 3, '01m88vvc29mca20ds2sk', '01m88vvbr1bp4gd9b59g', '01m88vvbr119nanjsra2', 'nonce-01m88vvbr1bp4gd9b59g-8', 'I was here.', 'text/markdown', 1795593973833, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (15, '01m88vvc3s07ymc1qdzt', 1, 1, '01m88vvc41vdgd9nhbkb', '01m88vvbpy8c24t2nbw1', '01m88vvbpykhnz7pm5b9', 'nonce-01m88vvbpy8c24t2nbw1-10', 'All was said.', 'text/markdown', 1795593973889, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', '070c8e1d2488ccf5');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vvbtab68ms6v72y', 1, '👍', '01m88vvbpy8c24t2nbw1', 1795593973769);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vvbtab68ms6v72y', 1, '👍', '01m88vvbqgfsp0ndfbz3', 1795593973777);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vvbtab68ms6v72y', 1, '🎉', '01m88vvbr1bp4gd9b59g', 1795593973780);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'D31AA2C35B2951F47EAB7959AF08A0F5CD7FC68746686860B5491D1010A01D4E', '01m88vvbpykhnz7pm5b9', 1795593973470, 1798185973470, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'13867F1B05AFCB75E304E49226B9F2D9A8E403BB89D5743A5E000C8C82DEE168', '01m88vvbqg9epbgrybs9', 1795593973488, 1798185973488, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'DD332AABEBB36ABF8621B7F2CDE7EB3BEB20278B127803BDD430216E6D75307F', '01m88vvbr8yzgr5vkfke', 1795593973512, 1798185973512, 1795593973550);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'26968626B395A5F5EF533B1CB42860418B9EEDFE6A7972B002EC73D22B8B6C04', '01m88vvbr8yzgr5vkfke', 1795593973550, 1798185973550, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vvbtab68ms6v72y', 'General', 'general', 'All of us', 'public', 'room', '01m88vvbpy8c24t2nbw1', 1795593973578, 11, 20, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vvbttn0jkwkxn4k', 'Attic', 'attlc', '', 'private', 'room', '01m88vvbpy8c24t2nbw1', 1795593973594, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vvbxhy3pw75pdfq', '', 'dm:01m88vvbpy8c24t2nbw1:01m88vvbqgfsp0ndfbz3', '', 'private', 'dm', '01m88vvbpy8c24t2nbw1', 1795593973681, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vvc1fz8setg3kdw', 'Strict', 'strlct', 'With order', 'public', 'room', '01m88vvbpy8c24t2nbw1', 1795593973807, 1, 6, 5, 315360000, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vvc3s07ymc1qdzt', 'Old', 'old', '', 'public', 'room', '01m88vvbpy8c24t2nbw1', 1795593973881, 1, 2, 0, 0, 0, 1795593973891, NULL);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at") VALUES ('01m88vvbpy8c24t2nbw1', 'alice', 'allce', 'alice', 'admin', X'24326224303424456D477A386A43624372723836476F5441343371494F6F31447A566E2F5443337950374551587551664C5072494954685971525532', 1795593973470, NULL, NULL, NULL);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at") VALUES ('01m88vvbqgfsp0ndfbz3', 'bob', 'bob', 'bob', 'user', X'243262243034246C6C5854644651775A6C44675374507A6B644E7479653861643034737561432F584836555969672F53386B3236535254534A6A4A71', 1795593973488, NULL, NULL, NULL);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at") VALUES ('01m88vvbr1bp4gd9b59g', 'carol', 'carol', 'Carol C.', 'user', X'243262243034244459412E6B766A716C7A61425A30734643676A456C4F6D75784766336365784537327A756B63566D693779386F66656E7249587061', 1795593973505, NULL, NULL, NULL);
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88vvbtab68ms6v72y', 2, 1795593973737, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88vvbtab68ms6v72y', 2, 1795593973754, 'Good morning, alice');
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
COMMIT;
