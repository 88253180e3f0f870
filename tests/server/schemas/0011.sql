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
	read_seq BIGINT NOT NULL, own_since_read BIGINT DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_members PRIMARY KEY (room_id, user_id), 
	CONSTRAINT fk_members_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_members_user_id FOREIGN KEY(user_id) REFERENCES users (id)
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
CREATE TABLE paces (
	room_id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	said_at BIGINT NOT NULL, 
	CONSTRAINT pk_paces PRIMARY KEY (room_id, user_id), 
	CONSTRAINT fk_paces_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_paces_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE VIRTUAL TABLE message_search USING fts5(content, author_id, content='messages', content_rowid='pk', tokenize='unicode61 remove_diacritics 2');
CREATE TABLE "messages" (
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
	mentions TEXT, 
	edited_at BIGINT, 
	deleted_at BIGINT, 
	pinned_at BIGINT, 
	changed BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_messages PRIMARY KEY (pk), 
	CONSTRAINT uq_messages_id UNIQUE (id), 
	CONSTRAINT fk_messages_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT uq_messages_room_id_device_id_nonce UNIQUE (room_id, device_id, nonce), 
	CONSTRAINT fk_messages_author_id FOREIGN KEY(author_id) REFERENCES users (id), 
	CONSTRAINT fk_messages_device_id FOREIGN KEY(device_id) REFERENCES devices (id), 
	CONSTRAINT uq_messages_room_id_seq UNIQUE (room_id, seq)
);
CREATE TABLE ssh_keys (
	id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_ssh_keys PRIMARY KEY (id), 
	CONSTRAINT fk_ssh_keys_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT uq_ssh_keys_user_id_fingerprint UNIQUE (user_id, fingerprint)
);
INSERT INTO "alembic_version" ("version_num") VALUES ('0011');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (1, 1795924207006, 'room.role', '01m8jps91hejc79m6fn4', 'alice', '127.0.0.1', '01m8jps9bxa19rhk60vy', '01m8jps92v9b3n3rcyjw', 'bob', '{"before": "member", "role": "moderator"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (2, 1795924207011, 'room.update', '01m8jps91hejc79m6fn4', 'alice', '127.0.0.1', '01m8jps9bxa19rhk60vy', '01m8jps9bxa19rhk60vy', 'Strict', '{"topic": "With order", "slow_mode_s": "5", "retention_s": "315360000"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (3, 1795924207015, 'room.invite', '01m8jps91hejc79m6fn4', 'alice', '127.0.0.1', '01m8jps9bxa19rhk60vy', NULL, '', '{"invite": "01m8jps9d7svhz566wja", "max_uses": "3", "expires_in_s": "604800"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (4, 1795924207032, 'room.ban', '01m8jps91hejc79m6fn4', 'alice', '127.0.0.1', '01m8jps9bxa19rhk60vy', '01m8jps93cjvcdk6c6sv', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (5, 1795924207056, 'room.update', '01m8jps91hejc79m6fn4', 'alice', '127.0.0.1', '01m8jps9e7xtcvccvc45', '01m8jps9e7xtcvccvc45', 'Old', '{"archived": "true"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (6, 1795924207070, 'account.suspend', '01m8jps91hejc79m6fn4', 'alice', '127.0.0.1', NULL, '01m8jps93cjvcdk6c6sv', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (7, 1795924207088, 'account.restore', '01m8jps91hejc79m6fn4', 'alice', '127.0.0.1', NULL, '01m8jps93cjvcdk6c6sv', 'carol', '{}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (8, 1795924207115, 'server.invite', '01m8jps91hejc79m6fn4', 'alice', '127.0.0.1', NULL, NULL, '', '{"invite": "01m8jps9gb71tv6xfdc3", "max_uses": "1", "expires_in_s": "604800"}');
INSERT INTO "bans" ("room_id", "user_id", "banned_by", "reason", "created_at") VALUES ('01m8jps9bxa19rhk60vy', '01m8jps93cjvcdk6c6sv', '01m8jps91hejc79m6fn4', 'for the story', 1795924207032);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m8jps91hp8dzwqc73y', '01m8jps91hejc79m6fn4', 'alice''s laptop', 1795924206641, 1795924206641, 1795924207127, 'sha256:01m8jps91hejc79m6fn4', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m8jps92v5kzn12rhxt', '01m8jps92v9b3n3rcyjw', 'bob''s laptop', 1795924206683, 1795924206683, 1795924207166, 'sha256:01m8jps92v9b3n3rcyjw', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m8jps93cywmhq0yvyb', '01m8jps93cjvcdk6c6sv', 'carol''s laptop', 1795924206700, 1795924206700, 1795924206997, 'sha256:01m8jps93cjvcdk6c6sv', 1795924207070, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m8jps93v0tp0b9v7ah', '01m8jps91hejc79m6fn4', 'alice''s phone', 1795924206715, 1795924206715, 1795924206741, NULL, NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m8jps9446rbq796jay', '01m8jps91hejc79m6fn4', 'a phone that was lost', 1795924206724, 1795924206724, 1795924206730, NULL, 1795924206730, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m8jps9fvga4w15rwvb', '01m8jps92v9b3n3rcyjw', 'a script of bob''s', 1795924207099, 1795924207099, 1795924207099, NULL, NULL, X'1019BC054BDB1AE047799380BCA24B11FC67BFEAC17E1E6A6363D93CD9052D32', NULL);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'80C74100A7C823298EA7E85994748EA91674CD521EB5478B5E1648A37BF1B207', '01m8jps9d7svhz566wja', '01m8jps9bxa19rhk60vy', '01m8jps91hejc79m6fn4', 1795924207015, 1796529007015, 3, 0);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'0F9BF738EDEECC035662C3C30C917BDF08D813B35C98999CCC1A635432AC2DAA', '01m8jps9gb71tv6xfdc3', NULL, '01m8jps91hejc79m6fn4', 1795924207115, 1796529007115, 1, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps95hbb6ra7e0ka', '01m8jps91hejc79m6fn4', 'owner', 1795924206769, 0, 2);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps96pgpaqyn2pqe', '01m8jps91hejc79m6fn4', 'owner', 1795924206806, 0, 1);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps95hbb6ra7e0ka', '01m8jps92v9b3n3rcyjw', 'member', 1795924206828, 4, 6);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps95hbb6ra7e0ka', '01m8jps93cjvcdk6c6sv', 'member', 1795924206834, 0, 2);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps988tsqh4x91p5', '01m8jps91hejc79m6fn4', 'member', 1795924206856, 0, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps988tsqh4x91p5', '01m8jps92v9b3n3rcyjw', 'member', 1795924206856, 0, 1);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps9bxa19rhk60vy', '01m8jps91hejc79m6fn4', 'owner', 1795924206973, 0, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps9bxa19rhk60vy', '01m8jps92v9b3n3rcyjw', 'moderator', 1795924206985, 0, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m8jps9e7xtcvccvc45', '01m8jps91hejc79m6fn4', 'owner', 1795924207047, 0, 1);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m8jps95hbb6ra7e0ka', '01m8jps91hejc79m6fn4', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (1, '01m8jps96pgpaqyn2pqe', 1, 1, '01m8jps97zmhxt7sassh', '01m8jps91hejc79m6fn4', '01m8jps91hp8dzwqc73y', 'nonce-01m8jps91hejc79m6fn4-1', 'Nobody else reads this.', 'text/markdown', 1795924206847, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (2, '01m8jps988tsqh4x91p5', 1, 1, '01m8jps98mb5k7fg70qr', '01m8jps92v9b3n3rcyjw', '01m8jps92v5kzn12rhxt', 'nonce-01m8jps92v9b3n3rcyjw-1', 'Between the two of us.', 'text/markdown', 1795924206868, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (3, '01m8jps95hbb6ra7e0ka', 1, 20, '01m8jps98nwq8bd8vepv', '01m8jps91hejc79m6fn4', '01m8jps91hp8dzwqc73y', 'nonce-01m8jps91hejc79m6fn4-4', 'Good morning, everyone!', 'text/markdown', 1795924206869, NULL, NULL, NULL, NULL, NULL, 1795924206956, 1);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (4, '01m8jps95hbb6ra7e0ka', 2, 15, '01m8jps98pentn75b0fq', '01m8jps92v9b3n3rcyjw', '01m8jps92v5kzn12rhxt', 'nonce-01m8jps92v9b3n3rcyjw-4', 'Good day, alice', 'text/markdown', 1795924206870, '01m8jps98nwq8bd8vepv', NULL, '["01m8jps91hejc79m6fn4"]', 1795924206925, NULL, NULL, 1);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (5, '01m8jps95hbb6ra7e0ka', 3, 5, '01m8jps9953pcqyyry4t', '01m8jps93cjvcdk6c6sv', '01m8jps93cywmhq0yvyb', 'nonce-01m8jps93cjvcdk6c6sv-1', 'In the thread', 'text/markdown', 1795924206885, NULL, '01m8jps98nwq8bd8vepv', NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (6, '01m8jps95hbb6ra7e0ka', 4, 16, '01m8jps99cpc8n74nhg3', '01m8jps93cjvcdk6c6sv', '01m8jps93cywmhq0yvyb', 'nonce-01m8jps93cjvcdk6c6sv-4', '', 'text/markdown', 1795924206892, NULL, NULL, NULL, NULL, 1795924206931, NULL, 1);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (7, '01m8jps95hbb6ra7e0ka', 5, 7, '01m8jps99d4qnxf15f3b', '01m8jps92v9b3n3rcyjw', '01m8jps92v5kzn12rhxt', 'nonce-01m8jps92v9b3n3rcyjw-6', 'plain', 'text/plain', 1795924206893, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (8, '01m8jps95hbb6ra7e0ka', 6, 8, '01m8jps99g2gh5zc53sc', '01m8jps91hejc79m6fn4', '01m8jps91hp8dzwqc73y', 'nonce-01m8jps91hejc79m6fn4-6', 'ciphertext', 'application/octet-stream', 1795924206896, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (9, '01m8jps95hbb6ra7e0ka', 7, 9, '01m8jps99h9x8hyxyefh', '01m8jps92v9b3n3rcyjw', '01m8jps92v5kzn12rhxt', 'nonce-01m8jps92v9b3n3rcyjw-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795924206897, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (10, '01m8jps95hbb6ra7e0ka', 8, 10, '01m8jps99jphd01wd86d', '01m8jps92v9b3n3rcyjw', '01m8jps92v5kzn12rhxt', 'nonce-01m8jps92v9b3n3rcyjw-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795924206898, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (11, '01m8jps95hbb6ra7e0ka', 9, 11, '01m8jps99ktzhycjfgma', '01m8jps92v9b3n3rcyjw', '01m8jps92v5kzn12rhxt', 'nonce-01m8jps92v9b3n3rcyjw-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795924206899, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (12, '01m8jps95hbb6ra7e0ka', 10, 12, '01m8jps99met4rwd8a8s', '01m8jps92v9b3n3rcyjw', '01m8jps92v5kzn12rhxt', 'nonce-01m8jps92v9b3n3rcyjw-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795924206900, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (13, '01m8jps95hbb6ra7e0ka', 11, 13, '01m8jps99n0rhbajjqf9', '01m8jps92v9b3n3rcyjw', '01m8jps92v5kzn12rhxt', 'nonce-01m8jps92v9b3n3rcyjw-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795924206901, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (14, '01m8jps9bxa19rhk60vy', 1, 3, '01m8jps9cwzver5k6996', '01m8jps93cjvcdk6c6sv', '01m8jps93cywmhq0yvyb', 'nonce-01m8jps93cjvcdk6c6sv-8', 'I was here.', 'text/markdown', 1795924207004, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (15, '01m8jps9e7xtcvccvc45', 1, 1, '01m8jps9eejmqp28zvr0', '01m8jps91hejc79m6fn4', '01m8jps91hp8dzwqc73y', 'nonce-01m8jps91hejc79m6fn4-10', 'All was said.', 'text/markdown', 1795924207054, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', 'cc086bcbc9d960b2');
INSERT INTO "meta" ("key", "value") VALUES ('push_cursor', '0');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "p2p_sessions" ("id", "room_id", "kind", "asker_id", "asker_device", "asker_certificate", "peer_id", "peer_device", "peer_certificate", "created_at", "expires_at", "accepted_at", "seen_at") VALUES ('0662d7c0-461c-453b-99a7-d0f34e670bbd', '01m8jps95hbb6ra7e0ka', 'file', '01m8jps91hejc79m6fn4', '01m8jps91hp8dzwqc73y', NULL, '01m8jps92v9b3n3rcyjw', NULL, NULL, 1795924207128, 1795924387128, NULL, 1795924207128);
INSERT INTO "paces" ("room_id", "user_id", "said_at") VALUES ('01m8jps95hbb6ra7e0ka', '01m8jps91hejc79m6fn4', 1795924207394);
INSERT INTO "push_targets" ("id", "user_id", "kind", "url", "topic", "token", "name", "mentions", "dms", "rooms", "text", "created_at", "state") VALUES ('01m8jps9hyfz3r2xr0zw', '01m8jps92v9b3n3rcyjw', 'ntfy', 'https://ntfy.example.org', 'bobs', '', 'bob''s phone', 1, 1, 0, 0, 1795924207167, 'untried');
INSERT INTO "pushes" ("pk", "target_id", "room_id", "seq", "reason", "created_at", "due_at", "attempts") VALUES (1, '01m8jps9hyfz3r2xr0zw', 'example room_id', 1, 'example reason', 1795924207394, 1795924207394, 1);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m8jps95hbb6ra7e0ka', 1, '👍', '01m8jps91hejc79m6fn4', 1795924206941);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m8jps95hbb6ra7e0ka', 1, '👍', '01m8jps92v9b3n3rcyjw', 1795924206948);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m8jps95hbb6ra7e0ka', 1, '🎉', '01m8jps93cjvcdk6c6sv', 1795924206951);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'881B140D9BB59DA81F93817552B27EB5050FBFB2FB0211F53C72A84CFB25B63E', '01m8jps91hp8dzwqc73y', 1795924206641, 1798516206641, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'9F7EDB3547CACC01363E694CBEC8A6374B48EA3F8E75E43628A4E253E9689FB4', '01m8jps92v5kzn12rhxt', 1795924206683, 1798516206683, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'4DBD0D99A0CD2B69C9796088DED0EB995C311E49FEF58670000F8D0A18DED256', '01m8jps93v0tp0b9v7ah', 1795924206715, 1798516206715, 1795924206741);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'126EBB6BACAF1590F23A8C5F138031F9286A3714047D4FC09385F5188805D992', '01m8jps93v0tp0b9v7ah', 1795924206741, 1798516206741, NULL);
INSERT INTO "room_mentions" ("room_id", "seq", "author_id") VALUES ('01m8jps95hbb6ra7e0ka', 1, '01m8jps91hejc79m6fn4');
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m8jps95hbb6ra7e0ka', 'General', 'general', 'All of us', 'public', 'room', '01m8jps91hejc79m6fn4', 1795924206769, 11, 20, 0, 0, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m8jps96pgpaqyn2pqe', 'Attic', 'attlc', '', 'private', 'room', '01m8jps91hejc79m6fn4', 1795924206806, 1, 1, 0, 0, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m8jps988tsqh4x91p5', '', 'dm:01m8jps91hejc79m6fn4:01m8jps92v9b3n3rcyjw', '', 'private', 'dm', '01m8jps91hejc79m6fn4', 1795924206856, 1, 1, 0, 0, 0, NULL, NULL, 1);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m8jps9bxa19rhk60vy', 'Strict', 'strlct', 'With order', 'public', 'room', '01m8jps91hejc79m6fn4', 1795924206973, 1, 6, 5, 315360000, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m8jps9e7xtcvccvc45', 'Old', 'old', '', 'public', 'room', '01m8jps91hejc79m6fn4', 1795924207047, 1, 2, 0, 0, 0, 1795924207056, NULL, 0);
INSERT INTO "ssh_keys" ("id", "user_id", "fingerprint", "kind", "name", "created_at") VALUES ('example id', '01m8jps91hejc79m6fn4', 'example fingerprint', 'example kind', 'example name', 1795924207394);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m8jps91hejc79m6fn4', 'alice', 'allce', 'alice', 'admin', X'24326224303424644B2E52465073374B6A4939496A52305737312E74755444304E50343779793136414456374755524C302E736C4C466B4574684E79', 1795924206641, NULL, NULL, NULL, '', 0);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m8jps92v9b3n3rcyjw', 'bob', 'bob', 'bob', 'user', X'24326224303424446244566736634D6D353130353539344A713562326556714E65522F414C71425137724575633342426F55562F4B3534746A6A6636', 1795924206683, NULL, NULL, NULL, '', 0);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m8jps93cjvcdk6c6sv', 'carol', 'carol', 'Carol C.', 'user', X'243262243034244635477643437A6B7A78482F7A2F72574D6D513858755A366463552E6564656466337274476145542F666B70694A656F545A414F79', 1795924206700, NULL, NULL, NULL, '', 0);
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m8jps95hbb6ra7e0ka', 2, 1795924206910, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m8jps95hbb6ra7e0ka', 2, 1795924206925, 'Good morning, alice');
INSERT INTO message_search(rowid, content, author_id) SELECT pk, content, author_id FROM messages
  WHERE pk <= (SELECT value FROM meta WHERE key = 'search_pk') AND deleted_at IS NULL AND content_type LIKE 'text/%';
CREATE INDEX ix_devices_user_id ON devices (user_id);
CREATE INDEX ix_refresh_tokens_device_id ON refresh_tokens (device_id);
CREATE INDEX ix_members_user_id ON members (user_id);
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
CREATE INDEX ix_messages_thread ON messages (room_id, thread, seq) WHERE thread IS NOT NULL;
CREATE INDEX ix_messages_deleted ON messages (room_id, seq) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE UNIQUE INDEX ix_messages_changed ON messages (room_id, rev) WHERE changed = 1;
COMMIT;
