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
	CONSTRAINT fk_invites_created_by FOREIGN KEY(created_by) REFERENCES users (id), 
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
INSERT INTO "alembic_version" ("version_num") VALUES ('0007');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (1, 1795594742126, 'room.role', '01m88wjt06p97qccmzm7', 'alice', '127.0.0.1', '01m88wjt8zdhn5yn3jgn', '01m88wjt17av0wwwgpcw', 'bob', '{"before": "member", "role": "moderator"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (2, 1795594742133, 'room.update', '01m88wjt06p97qccmzm7', 'alice', '127.0.0.1', '01m88wjt8zdhn5yn3jgn', '01m88wjt8zdhn5yn3jgn', 'Strict', '{"topic": "With order", "slow_mode_s": "5", "retention_s": "315360000"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (3, 1795594742140, 'room.invite', '01m88wjt06p97qccmzm7', 'alice', '127.0.0.1', '01m88wjt8zdhn5yn3jgn', NULL, '', '{"invite": "01m88wjtbwf4vjm1vv9s", "max_uses": "3", "expires_in_s": "604800"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (4, 1795594742144, 'room.ban', '01m88wjt06p97qccmzm7', 'alice', '127.0.0.1', '01m88wjt8zdhn5yn3jgn', '01m88wjt1f1dwj09pr6w', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (5, 1795594742171, 'room.update', '01m88wjt06p97qccmzm7', 'alice', '127.0.0.1', '01m88wjtcc637xgvcvkd', '01m88wjtcc637xgvcvkd', 'Old', '{"archived": "true"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (6, 1795594742179, 'account.suspend', '01m88wjt06p97qccmzm7', 'alice', '127.0.0.1', NULL, '01m88wjt1f1dwj09pr6w', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (7, 1795594742189, 'account.restore', '01m88wjt06p97qccmzm7', 'alice', '127.0.0.1', NULL, '01m88wjt1f1dwj09pr6w', 'carol', '{}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (8, 1795594742198, 'server.invite', '01m88wjt06p97qccmzm7', 'alice', '127.0.0.1', NULL, NULL, '', '{"invite": "01m88wjtdpcygy5rmg20", "max_uses": "1", "expires_in_s": "604800"}');
INSERT INTO "bans" ("room_id", "user_id", "banned_by", "reason", "created_at") VALUES ('01m88wjt8zdhn5yn3jgn', '01m88wjt1f1dwj09pr6w', '01m88wjt06p97qccmzm7', 'for the story', 1795594742144);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjt06tt05s9wk5e', '01m88wjt06p97qccmzm7', 'alice''s laptop', 1795594741766, 1795594741766, 1795594742203, 'sha256:01m88wjt06p97qccmzm7', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjt179rfveammkj', '01m88wjt17av0wwwgpcw', 'bob''s laptop', 1795594741799, 1795594741799, 1795594742192, 'sha256:01m88wjt17av0wwwgpcw', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjt1f11wafwwfqz', '01m88wjt1f1dwj09pr6w', 'carol''s laptop', 1795594741807, 1795594741807, 1795594742098, 'sha256:01m88wjt1f1dwj09pr6w', 1795594742179, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjt1qe4z72ckq5s', '01m88wjt06p97qccmzm7', 'alice''s phone', 1795594741815, 1795594741815, 1795594741850, NULL, NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjt22s0t7bmgtfq', '01m88wjt06p97qccmzm7', 'a phone that was lost', 1795594741826, 1795594741826, 1795594741839, NULL, 1795594741840, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjtdhgkzc6g1adk', '01m88wjt17av0wwwgpcw', 'a script of bob''s', 1795594742193, 1795594742193, 1795594742193, NULL, NULL, X'8CB7E8A1FED025377020585A9D2EA3021F2EA63994D0B0068A16C7B22BD5279F', NULL);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'4A6D217FEEA9F3350E578A77EE4C2B4394D87A6768683A740000383FB53A5633', '01m88wjtbwf4vjm1vv9s', '01m88wjt8zdhn5yn3jgn', '01m88wjt06p97qccmzm7', 1795594742140, 1796199542140, 3, 0);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'B6DFB4E85DC1649C55932B079F6B891E1F6BB0451EBF66752CE49F2452399C30', '01m88wjtdpcygy5rmg20', NULL, '01m88wjt06p97qccmzm7', 1795594742198, 1796199542198, 1, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjt3skyffn7t569', '01m88wjt06p97qccmzm7', 'owner', 1795594741881, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjt422ja97814kw', '01m88wjt06p97qccmzm7', 'owner', 1795594741890, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjt3skyffn7t569', '01m88wjt17av0wwwgpcw', 'member', 1795594741895, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjt3skyffn7t569', '01m88wjt1f1dwj09pr6w', 'member', 1795594741903, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjt50pyvqa89wv2', '01m88wjt06p97qccmzm7', 'member', 1795594741920, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjt50pyvqa89wv2', '01m88wjt17av0wwwgpcw', 'member', 1795594741920, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjt8zdhn5yn3jgn', '01m88wjt06p97qccmzm7', 'owner', 1795594742047, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjt8zdhn5yn3jgn', '01m88wjt17av0wwwgpcw', 'moderator', 1795594742071, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjtcc637xgvcvkd', '01m88wjt06p97qccmzm7', 'owner', 1795594742156, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88wjt3skyffn7t569', '01m88wjt06p97qccmzm7', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (1, '01m88wjt422ja97814kw', 1, 1, '01m88wjt4x63n50jktf5', '01m88wjt06p97qccmzm7', '01m88wjt06tt05s9wk5e', 'nonce-01m88wjt06p97qccmzm7-1', 'Nobody else reads this.', 'text/markdown', 1795594741917, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (2, '01m88wjt50pyvqa89wv2', 1, 1, '01m88wjt5dhj6e6sws0y', '01m88wjt17av0wwwgpcw', '01m88wjt179rfveammkj', 'nonce-01m88wjt17av0wwwgpcw-1', 'Between the two of us.', 'text/markdown', 1795594741933, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (3, '01m88wjt3skyffn7t569', 1, 20, '01m88wjt5eetz7wsmtbb', '01m88wjt06p97qccmzm7', '01m88wjt06tt05s9wk5e', 'nonce-01m88wjt06p97qccmzm7-4', 'Good morning, everyone!', 'text/markdown', 1795594741934, NULL, NULL, NULL, NULL, NULL, 1795594742021);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (4, '01m88wjt3skyffn7t569', 2, 15, '01m88wjt5fza1zcv9t2g', '01m88wjt17av0wwwgpcw', '01m88wjt179rfveammkj', 'nonce-01m88wjt17av0wwwgpcw-4', 'Good day, alice', 'text/markdown', 1795594741935, '01m88wjt5eetz7wsmtbb', NULL, '["01m88wjt06p97qccmzm7"]', 1795594741975, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (5, '01m88wjt3skyffn7t569', 3, 5, '01m88wjt5tb64n9w5tx9', '01m88wjt1f1dwj09pr6w', '01m88wjt1f11wafwwfqz', 'nonce-01m88wjt1f1dwj09pr6w-1', 'In the thread', 'text/markdown', 1795594741946, NULL, '01m88wjt5eetz7wsmtbb', NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (6, '01m88wjt3skyffn7t569', 4, 16, '01m88wjt5vdpema8knxe', '01m88wjt1f1dwj09pr6w', '01m88wjt1f11wafwwfqz', 'nonce-01m88wjt1f1dwj09pr6w-4', '', 'text/markdown', 1795594741947, NULL, NULL, NULL, NULL, 1795594741985, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (7, '01m88wjt3skyffn7t569', 5, 7, '01m88wjt5wf2qssj58ey', '01m88wjt17av0wwwgpcw', '01m88wjt179rfveammkj', 'nonce-01m88wjt17av0wwwgpcw-6', 'plain', 'text/plain', 1795594741948, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (8, '01m88wjt3skyffn7t569', 6, 8, '01m88wjt5yt82dzd3htb', '01m88wjt06p97qccmzm7', '01m88wjt06tt05s9wk5e', 'nonce-01m88wjt06p97qccmzm7-6', 'ciphertext', 'application/octet-stream', 1795594741950, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (9, '01m88wjt3skyffn7t569', 7, 9, '01m88wjt5z223487a4d9', '01m88wjt17av0wwwgpcw', '01m88wjt179rfveammkj', 'nonce-01m88wjt17av0wwwgpcw-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795594741951, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (10, '01m88wjt3skyffn7t569', 8, 10, '01m88wjt60kx1y9s8kky', '01m88wjt17av0wwwgpcw', '01m88wjt179rfveammkj', 'nonce-01m88wjt17av0wwwgpcw-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795594741952, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (11, '01m88wjt3skyffn7t569', 9, 11, '01m88wjt623351bx1p5z', '01m88wjt17av0wwwgpcw', '01m88wjt179rfveammkj', 'nonce-01m88wjt17av0wwwgpcw-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795594741954, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (12, '01m88wjt3skyffn7t569', 10, 12, '01m88wjt636gz24hpa7y', '01m88wjt17av0wwwgpcw', '01m88wjt179rfveammkj', 'nonce-01m88wjt17av0wwwgpcw-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795594741955, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (13, '01m88wjt3skyffn7t569', 11, 13, '01m88wjt64v1ma85j1ht', '01m88wjt17av0wwwgpcw', '01m88wjt179rfveammkj', 'nonce-01m88wjt17av0wwwgpcw-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795594741956, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (14, '01m88wjt8zdhn5yn3jgn', 1, 3, '01m88wjtba8c9xxsy3e9', '01m88wjt1f1dwj09pr6w', '01m88wjt1f11wafwwfqz', 'nonce-01m88wjt1f1dwj09pr6w-8', 'I was here.', 'text/markdown', 1795594742122, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (15, '01m88wjtcc637xgvcvkd', 1, 1, '01m88wjtcsbe817ta9s4', '01m88wjt06p97qccmzm7', '01m88wjt06tt05s9wk5e', 'nonce-01m88wjt06p97qccmzm7-10', 'All was said.', 'text/markdown', 1795594742169, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', '1d7c84a0d9635d64');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "p2p_sessions" ("id", "room_id", "kind", "asker_id", "asker_device", "asker_certificate", "peer_id", "peer_device", "peer_certificate", "created_at", "expires_at", "accepted_at", "seen_at") VALUES ('42943d9c-70b6-40d5-b04c-04707ffff14d', '01m88wjt3skyffn7t569', 'file', '01m88wjt06p97qccmzm7', '01m88wjt06tt05s9wk5e', NULL, '01m88wjt17av0wwwgpcw', NULL, NULL, 1795594742203, 1795594922203, NULL, 1795594742203);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88wjt3skyffn7t569', 1, '👍', '01m88wjt06p97qccmzm7', 1795594741996);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88wjt3skyffn7t569', 1, '👍', '01m88wjt17av0wwwgpcw', 1795594742006);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88wjt3skyffn7t569', 1, '🎉', '01m88wjt1f1dwj09pr6w', 1795594742016);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'D90FE14418E31001CA26F525016C5E3B3579CD7A39E386456B8DC20CAFB96F13', '01m88wjt06tt05s9wk5e', 1795594741766, 1798186741766, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'803B5687A9BCA40D388CDA6A844A3D1AC7E06B7C1F07D9E3E2C0018BB07C4E26', '01m88wjt179rfveammkj', 1795594741799, 1798186741799, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'3856B8D2A21DB0E2A88A79246C59ECFA7262FDE3AA45C393381E80CDE2CF8DC0', '01m88wjt1qe4z72ckq5s', 1795594741815, 1798186741815, 1795594741850);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'DF1D55236F013624CF5E0700F04C74F7E3FF3EF31BE36038100C986D709E2698', '01m88wjt1qe4z72ckq5s', 1795594741850, 1798186741850, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjt3skyffn7t569', 'General', 'general', 'All of us', 'public', 'room', '01m88wjt06p97qccmzm7', 1795594741881, 11, 20, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjt422ja97814kw', 'Attic', 'attlc', '', 'private', 'room', '01m88wjt06p97qccmzm7', 1795594741890, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjt50pyvqa89wv2', '', 'dm:01m88wjt06p97qccmzm7:01m88wjt17av0wwwgpcw', '', 'private', 'dm', '01m88wjt06p97qccmzm7', 1795594741920, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjt8zdhn5yn3jgn', 'Strict', 'strlct', 'With order', 'public', 'room', '01m88wjt06p97qccmzm7', 1795594742047, 1, 6, 5, 315360000, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjtcc637xgvcvkd', 'Old', 'old', '', 'public', 'room', '01m88wjt06p97qccmzm7', 1795594742156, 1, 2, 0, 0, 0, 1795594742171, NULL);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88wjt06p97qccmzm7', 'alice', 'allce', 'alice', 'admin', X'2432622430342437526F4C753161483870336C5956526E51585A756965636D6E45325A5036776E643036484F774D4A533052614B6A58686655424369', 1795594741766, NULL, NULL, NULL, '');
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88wjt17av0wwwgpcw', 'bob', 'bob', 'bob', 'user', X'243262243034247A5441504F527865753545476A6854303130786F594F444D7137794D2E6D654B346A4F33663059635630645634356636694D4E6757', 1795594741799, NULL, NULL, NULL, '');
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88wjt1f1dwj09pr6w', 'carol', 'carol', 'Carol C.', 'user', X'24326224303424627744354B305A4F325A582E6A61536A31476267714F4B6A595A333147712F39636B326A376A59732E72392F5362742F6663724E4F', 1795594741807, NULL, NULL, NULL, '');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88wjt3skyffn7t569', 2, 1795594741960, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88wjt3skyffn7t569', 2, 1795594741975, 'Good morning, alice');
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
COMMIT;
