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
	created_at BIGINT NOT NULL, password_expires_at BIGINT, suspended_at BIGINT, deleted_at BIGINT, status_text TEXT DEFAULT '' NOT NULL, hides_reads BOOLEAN DEFAULT 0 NOT NULL, 
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
	rev BIGINT NOT NULL, slow_mode_s BIGINT DEFAULT '0' NOT NULL, retention_s BIGINT DEFAULT '0' NOT NULL, erased_seq BIGINT DEFAULT '0' NOT NULL, archived_at BIGINT, deleted_at BIGINT, receipts BOOLEAN DEFAULT 0 NOT NULL, 
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
	CONSTRAINT uq_invites_id UNIQUE (id), 
	CONSTRAINT fk_invites_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
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
CREATE TABLE room_mentions (
	room_id VARCHAR(64) NOT NULL, 
	seq BIGINT NOT NULL, 
	author_id VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_room_mentions PRIMARY KEY (room_id, seq), 
	CONSTRAINT fk_room_mentions_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_room_mentions_author_id FOREIGN KEY(author_id) REFERENCES users (id)
);
INSERT INTO "alembic_version" ("version_num") VALUES ('0009');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (1, 1795595729402, 'room.role', '01m88xgy4jbs3d2mjbw0', 'alice', '127.0.0.1', '01m88xgyepjwnqc9esgq', '01m88xgy59954zaa3ds2', 'bob', '{"before": "member", "role": "moderator"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (2, 1795595729410, 'room.update', '01m88xgy4jbs3d2mjbw0', 'alice', '127.0.0.1', '01m88xgyepjwnqc9esgq', '01m88xgyepjwnqc9esgq', 'Strict', '{"topic": "With order", "slow_mode_s": "5", "retention_s": "315360000"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (3, 1795595729418, 'room.invite', '01m88xgy4jbs3d2mjbw0', 'alice', '127.0.0.1', '01m88xgyepjwnqc9esgq', NULL, '', '{"invite": "01m88xgygay5dvfqtw50", "max_uses": "3", "expires_in_s": "604800"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (4, 1795595729425, 'room.ban', '01m88xgy4jbs3d2mjbw0', 'alice', '127.0.0.1', '01m88xgyepjwnqc9esgq', '01m88xgy5mrcjzvb2wnm', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (5, 1795595729450, 'room.update', '01m88xgy4jbs3d2mjbw0', 'alice', '127.0.0.1', '01m88xgyh0hzvqvtkyyb', '01m88xgyh0hzvqvtkyyb', 'Old', '{"archived": "true"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (6, 1795595729462, 'account.suspend', '01m88xgy4jbs3d2mjbw0', 'alice', '127.0.0.1', NULL, '01m88xgy5mrcjzvb2wnm', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (7, 1795595729472, 'account.restore', '01m88xgy4jbs3d2mjbw0', 'alice', '127.0.0.1', NULL, '01m88xgy5mrcjzvb2wnm', 'carol', '{}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (8, 1795595729486, 'server.invite', '01m88xgy4jbs3d2mjbw0', 'alice', '127.0.0.1', NULL, NULL, '', '{"invite": "01m88xgyjew0zeh3dvpd", "max_uses": "1", "expires_in_s": "604800"}');
INSERT INTO "bans" ("room_id", "user_id", "banned_by", "reason", "created_at") VALUES ('01m88xgyepjwnqc9esgq', '01m88xgy5mrcjzvb2wnm', '01m88xgy4jbs3d2mjbw0', 'for the story', 1795595729425);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xgy4j1m8evcm2zd', '01m88xgy4jbs3d2mjbw0', 'alice''s laptop', 1795595729042, 1795595729042, 1795595729495, 'sha256:01m88xgy4jbs3d2mjbw0', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xgy598fbp3c02jv', '01m88xgy59954zaa3ds2', 'bob''s laptop', 1795595729065, 1795595729065, 1795595729506, 'sha256:01m88xgy59954zaa3ds2', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xgy5m8nh15c4rkd', '01m88xgy5mrcjzvb2wnm', 'carol''s laptop', 1795595729076, 1795595729076, 1795595729382, 'sha256:01m88xgy5mrcjzvb2wnm', 1795595729462, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xgy65qfwvm05901', '01m88xgy4jbs3d2mjbw0', 'alice''s phone', 1795595729093, 1795595729093, 1795595729118, NULL, NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xgy6g5ewjv5mq8r', '01m88xgy4jbs3d2mjbw0', 'a phone that was lost', 1795595729104, 1795595729104, 1795595729112, NULL, 1795595729112, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88xgyj738hhyphav0', '01m88xgy59954zaa3ds2', 'a script of bob''s', 1795595729479, 1795595729479, 1795595729479, NULL, NULL, X'F30500EAB6D7F3148E8DE847CC5189D956F3533CFA0B1B98BA0EFDCD44FCB7C1', NULL);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'452CFE959385CD831FBF1FE7279D10A614BAFCA5A58622108AB5D40F9D67BF78', '01m88xgygay5dvfqtw50', '01m88xgyepjwnqc9esgq', '01m88xgy4jbs3d2mjbw0', 1795595729418, 1796200529418, 3, 0);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'610E0979AA32626AFCB81D91B2930FCC2E59961B9B992BA7506DB62C37224314', '01m88xgyjew0zeh3dvpd', NULL, '01m88xgy4jbs3d2mjbw0', 1795595729486, 1796200529486, 1, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgy7vge11qqw0p1', '01m88xgy4jbs3d2mjbw0', 'owner', 1795595729147, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgy8f9afwv2vtrp', '01m88xgy4jbs3d2mjbw0', 'owner', 1795595729167, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgy7vge11qqw0p1', '01m88xgy59954zaa3ds2', 'member', 1795595729179, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgy7vge11qqw0p1', '01m88xgy5mrcjzvb2wnm', 'member', 1795595729192, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgy9xd9688a0k9q', '01m88xgy4jbs3d2mjbw0', 'member', 1795595729213, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgy9xd9688a0k9q', '01m88xgy59954zaa3ds2', 'member', 1795595729213, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgyepjwnqc9esgq', '01m88xgy4jbs3d2mjbw0', 'owner', 1795595729366, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgyepjwnqc9esgq', '01m88xgy59954zaa3ds2', 'moderator', 1795595729374, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88xgyh0hzvqvtkyyb', '01m88xgy4jbs3d2mjbw0', 'owner', 1795595729440, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88xgy7vge11qqw0p1', '01m88xgy4jbs3d2mjbw0', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (1, '01m88xgy8f9afwv2vtrp', 1, 1, '01m88xgy9rc2jy3jx2ca', '01m88xgy4jbs3d2mjbw0', '01m88xgy4j1m8evcm2zd', 'nonce-01m88xgy4jbs3d2mjbw0-1', 'Nobody else reads this.', 'text/markdown', 1795595729208, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (2, '01m88xgy9xd9688a0k9q', 1, 1, '01m88xgybd4kfx41edjs', '01m88xgy59954zaa3ds2', '01m88xgy598fbp3c02jv', 'nonce-01m88xgy59954zaa3ds2-1', 'Between the two of us.', 'text/markdown', 1795595729261, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (3, '01m88xgy7vge11qqw0p1', 1, 20, '01m88xgybebks7992rmg', '01m88xgy4jbs3d2mjbw0', '01m88xgy4j1m8evcm2zd', 'nonce-01m88xgy4jbs3d2mjbw0-4', 'Good morning, everyone!', 'text/markdown', 1795595729262, NULL, NULL, NULL, NULL, NULL, 1795595729345);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (4, '01m88xgy7vge11qqw0p1', 2, 15, '01m88xgybfrg61xeagzv', '01m88xgy59954zaa3ds2', '01m88xgy598fbp3c02jv', 'nonce-01m88xgy59954zaa3ds2-4', 'Good day, alice', 'text/markdown', 1795595729263, '01m88xgybebks7992rmg', NULL, '["01m88xgy4jbs3d2mjbw0"]', 1795595729305, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (5, '01m88xgy7vge11qqw0p1', 3, 5, '01m88xgybwr200pbbkyy', '01m88xgy5mrcjzvb2wnm', '01m88xgy5m8nh15c4rkd', 'nonce-01m88xgy5mrcjzvb2wnm-1', 'In the thread', 'text/markdown', 1795595729276, NULL, '01m88xgybebks7992rmg', NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (6, '01m88xgy7vge11qqw0p1', 4, 16, '01m88xgybx0wmnyjtrka', '01m88xgy5mrcjzvb2wnm', '01m88xgy5m8nh15c4rkd', 'nonce-01m88xgy5mrcjzvb2wnm-4', '', 'text/markdown', 1795595729277, NULL, NULL, NULL, NULL, 1795595729314, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (7, '01m88xgy7vge11qqw0p1', 5, 7, '01m88xgyc1a406fad2n2', '01m88xgy59954zaa3ds2', '01m88xgy598fbp3c02jv', 'nonce-01m88xgy59954zaa3ds2-6', 'plain', 'text/plain', 1795595729281, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (8, '01m88xgy7vge11qqw0p1', 6, 8, '01m88xgyc2m7gnqfb24e', '01m88xgy4jbs3d2mjbw0', '01m88xgy4j1m8evcm2zd', 'nonce-01m88xgy4jbs3d2mjbw0-6', 'ciphertext', 'application/octet-stream', 1795595729282, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (9, '01m88xgy7vge11qqw0p1', 7, 9, '01m88xgyc2wst6090psv', '01m88xgy59954zaa3ds2', '01m88xgy598fbp3c02jv', 'nonce-01m88xgy59954zaa3ds2-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795595729282, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (10, '01m88xgy7vge11qqw0p1', 8, 10, '01m88xgyc37czab5rfjb', '01m88xgy59954zaa3ds2', '01m88xgy598fbp3c02jv', 'nonce-01m88xgy59954zaa3ds2-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795595729283, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (11, '01m88xgy7vge11qqw0p1', 9, 11, '01m88xgyc41qj9mjzvs8', '01m88xgy59954zaa3ds2', '01m88xgy598fbp3c02jv', 'nonce-01m88xgy59954zaa3ds2-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795595729284, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (12, '01m88xgy7vge11qqw0p1', 10, 12, '01m88xgyc55g1dzq1wsd', '01m88xgy59954zaa3ds2', '01m88xgy598fbp3c02jv', 'nonce-01m88xgy59954zaa3ds2-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795595729285, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (13, '01m88xgy7vge11qqw0p1', 11, 13, '01m88xgyc54h1fxbf2pb', '01m88xgy59954zaa3ds2', '01m88xgy598fbp3c02jv', 'nonce-01m88xgy59954zaa3ds2-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795595729285, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (14, '01m88xgyepjwnqc9esgq', 1, 3, '01m88xgyfdzx8z2vey5p', '01m88xgy5mrcjzvb2wnm', '01m88xgy5m8nh15c4rkd', 'nonce-01m88xgy5mrcjzvb2wnm-8', 'I was here.', 'text/markdown', 1795595729389, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (15, '01m88xgyh0hzvqvtkyyb', 1, 1, '01m88xgyh5n4yre70sa8', '01m88xgy4jbs3d2mjbw0', '01m88xgy4j1m8evcm2zd', 'nonce-01m88xgy4jbs3d2mjbw0-10', 'All was said.', 'text/markdown', 1795595729445, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', '2f7a2311a4383630');
INSERT INTO "meta" ("key", "value") VALUES ('push_cursor', '0');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "p2p_sessions" ("id", "room_id", "kind", "asker_id", "asker_device", "asker_certificate", "peer_id", "peer_device", "peer_certificate", "created_at", "expires_at", "accepted_at", "seen_at") VALUES ('f4a397b3-93e8-48e4-82e3-3cd22afe75c1', '01m88xgy7vge11qqw0p1', 'file', '01m88xgy4jbs3d2mjbw0', '01m88xgy4j1m8evcm2zd', NULL, '01m88xgy59954zaa3ds2', NULL, NULL, 1795595729495, 1795595909495, NULL, 1795595729495);
INSERT INTO "push_targets" ("id", "user_id", "kind", "url", "topic", "token", "name", "mentions", "dms", "rooms", "text", "created_at", "state") VALUES ('01m88xgyk2bvfjhqagtb', '01m88xgy59954zaa3ds2', 'ntfy', 'https://ntfy.example.org', 'bobs', '', 'bob''s phone', 1, 1, 0, 0, 1795595729507, 'untried');
INSERT INTO "pushes" ("pk", "target_id", "room_id", "seq", "reason", "created_at", "due_at", "attempts") VALUES (1, '01m88xgyk2bvfjhqagtb', 'example room_id', 1, 'example reason', 1795595730210, 1795595730210, 1);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88xgy7vge11qqw0p1', 1, '👍', '01m88xgy4jbs3d2mjbw0', 1795595729325);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88xgy7vge11qqw0p1', 1, '👍', '01m88xgy59954zaa3ds2', 1795595729333);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88xgy7vge11qqw0p1', 1, '🎉', '01m88xgy5mrcjzvb2wnm', 1795595729341);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'E458F23D2D134E71FC2A1EB48FD760CFF3A2C7BDA79F17C2D7783EBF63FDA348', '01m88xgy4j1m8evcm2zd', 1795595729042, 1798187729042, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'A56BC7455986D9DF391D542707BBAECF885E8A831EBBC36A8C75B0C72A3DA6F1', '01m88xgy598fbp3c02jv', 1795595729065, 1798187729065, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'C8D061A5A8FDEF359F2385FBA4068D74272DA8D94C6EFBDE60FD170C420BEB66', '01m88xgy65qfwvm05901', 1795595729093, 1798187729093, 1795595729118);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'065E9A83F829CF57F5D193D6FB9450D8B3269F6E78800FFB24030443BFFB33BF', '01m88xgy65qfwvm05901', 1795595729118, 1798187729118, NULL);
INSERT INTO "room_mentions" ("room_id", "seq", "author_id") VALUES ('01m88xgy7vge11qqw0p1', 1, '01m88xgy4jbs3d2mjbw0');
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m88xgy7vge11qqw0p1', 'General', 'general', 'All of us', 'public', 'room', '01m88xgy4jbs3d2mjbw0', 1795595729147, 11, 20, 0, 0, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m88xgy8f9afwv2vtrp', 'Attic', 'attlc', '', 'private', 'room', '01m88xgy4jbs3d2mjbw0', 1795595729167, 1, 1, 0, 0, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m88xgy9xd9688a0k9q', '', 'dm:01m88xgy4jbs3d2mjbw0:01m88xgy59954zaa3ds2', '', 'private', 'dm', '01m88xgy4jbs3d2mjbw0', 1795595729213, 1, 1, 0, 0, 0, NULL, NULL, 1);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m88xgyepjwnqc9esgq', 'Strict', 'strlct', 'With order', 'public', 'room', '01m88xgy4jbs3d2mjbw0', 1795595729366, 1, 6, 5, 315360000, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m88xgyh0hzvqvtkyyb', 'Old', 'old', '', 'public', 'room', '01m88xgy4jbs3d2mjbw0', 1795595729440, 1, 2, 0, 0, 0, 1795595729450, NULL, 0);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m88xgy4jbs3d2mjbw0', 'alice', 'allce', 'alice', 'admin', X'243262243034246D6558327062422E7437773736467049346D687269657A4E4D326D634D344C6E6F2F46507A687475593455774E705A796A2E486579', 1795595729042, NULL, NULL, NULL, '', 0);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m88xgy59954zaa3ds2', 'bob', 'bob', 'bob', 'user', X'2432622430342436614D72505179462F335643394233476E557A485975504453616969755050487979555A413931435774423872725968735474302E', 1795595729065, NULL, NULL, NULL, '', 0);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m88xgy5mrcjzvb2wnm', 'carol', 'carol', 'Carol C.', 'user', X'24326224303424684A78453564576B6D57554D61754F7A64764A34714F4F6758782E7731687439336444635A70312E786836526F464746414E4B542E', 1795595729076, NULL, NULL, NULL, '', 0);
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88xgy7vge11qqw0p1', 2, 1795595729289, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88xgy7vge11qqw0p1', 2, 1795595729305, 'Good morning, alice');
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
