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
	CONSTRAINT fk_invites_created_by FOREIGN KEY(created_by) REFERENCES users (id), 
	CONSTRAINT fk_invites_room_id FOREIGN KEY(room_id) REFERENCES rooms (id)
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
	CONSTRAINT uq_messages_room_id_seq UNIQUE (room_id, seq), 
	CONSTRAINT uq_messages_room_id_device_id_nonce UNIQUE (room_id, device_id, nonce), 
	CONSTRAINT fk_messages_author_id FOREIGN KEY(author_id) REFERENCES users (id), 
	CONSTRAINT fk_messages_device_id FOREIGN KEY(device_id) REFERENCES devices (id), 
	CONSTRAINT fk_messages_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT uq_messages_id UNIQUE (id)
);
INSERT INTO "alembic_version" ("version_num") VALUES ('0010');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (1, 1795612288421, 'room.role', '01m89da95a99kz817smh', 'alice', '127.0.0.1', '01m89da9ceyf18ksh7me', '01m89da95m7n8htzm5st', 'bob', '{"before": "member", "role": "moderator"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (2, 1795612288427, 'room.update', '01m89da95a99kz817smh', 'alice', '127.0.0.1', '01m89da9ceyf18ksh7me', '01m89da9ceyf18ksh7me', 'Strict', '{"topic": "With order", "slow_mode_s": "5", "retention_s": "315360000"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (3, 1795612288434, 'room.invite', '01m89da95a99kz817smh', 'alice', '127.0.0.1', '01m89da9ceyf18ksh7me', NULL, '', '{"invite": "01m89da9djns5nwhy7gv", "max_uses": "3", "expires_in_s": "604800"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (4, 1795612288441, 'room.ban', '01m89da95a99kz817smh', 'alice', '127.0.0.1', '01m89da9ceyf18ksh7me', '01m89da95y7vcvxjhz0h', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (5, 1795612288474, 'room.update', '01m89da95a99kz817smh', 'alice', '127.0.0.1', '01m89da9egmfwbbpttce', '01m89da9egmfwbbpttce', 'Old', '{"archived": "true"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (6, 1795612288479, 'account.suspend', '01m89da95a99kz817smh', 'alice', '127.0.0.1', NULL, '01m89da95y7vcvxjhz0h', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (7, 1795612288499, 'account.restore', '01m89da95a99kz817smh', 'alice', '127.0.0.1', NULL, '01m89da95y7vcvxjhz0h', 'carol', '{}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (8, 1795612288508, 'server.invite', '01m89da95a99kz817smh', 'alice', '127.0.0.1', NULL, NULL, '', '{"invite": "01m89da9fwcj1qc2q81z", "max_uses": "1", "expires_in_s": "604800"}');
INSERT INTO "bans" ("room_id", "user_id", "banned_by", "reason", "created_at") VALUES ('01m89da9ceyf18ksh7me', '01m89da95y7vcvxjhz0h', '01m89da95a99kz817smh', 'for the story', 1795612288441);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m89da95a3kzhnzdbtz', '01m89da95a99kz817smh', 'alice''s laptop', 1795612288170, 1795612288170, 1795612288518, 'sha256:01m89da95a99kz817smh', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m89da95mxfkbfhcryt', '01m89da95m7n8htzm5st', 'bob''s laptop', 1795612288180, 1795612288180, 1795612288527, 'sha256:01m89da95m7n8htzm5st', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m89da95y61vn0k54ef', '01m89da95y7vcvxjhz0h', 'carol''s laptop', 1795612288190, 1795612288190, 1795612288410, 'sha256:01m89da95y7vcvxjhz0h', 1795612288479, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m89da9688fpr0tv25r', '01m89da95a99kz817smh', 'alice''s phone', 1795612288200, 1795612288200, 1795612288225, NULL, NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m89da96efv5ne96skg', '01m89da95a99kz817smh', 'a phone that was lost', 1795612288206, 1795612288206, 1795612288212, NULL, 1795612288212, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m89da9fr2aed0kmf43', '01m89da95m7n8htzm5st', 'a script of bob''s', 1795612288504, 1795612288504, 1795612288504, NULL, NULL, X'AAFED31644BDF61B2802F20D518C37570371505DCEFFE9CAA26B3DAB9A78E010', NULL);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'FF72F532D39440CC63FA3A35E80DFA0A0BBF478F97CA18A62EDE9386180E86A3', '01m89da9djns5nwhy7gv', '01m89da9ceyf18ksh7me', '01m89da95a99kz817smh', 1795612288434, 1796217088434, 3, 0);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'570F1203C8B70D6B4D1BF87B6BBB849A4CAF5C981C5F788AD52F4D7BEDE0EE61', '01m89da9fwcj1qc2q81z', NULL, '01m89da95a99kz817smh', 1795612288508, 1796217088508, 1, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da97922cexc489f', '01m89da95a99kz817smh', 'owner', 1795612288233, 0, 2);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da97jy734sybc34', '01m89da95a99kz817smh', 'owner', 1795612288242, 0, 1);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da97922cexc489f', '01m89da95m7n8htzm5st', 'member', 1795612288245, 4, 6);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da97922cexc489f', '01m89da95y7vcvxjhz0h', 'member', 1795612288249, 0, 2);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da9900s0he3wwks', '01m89da95a99kz817smh', 'member', 1795612288288, 0, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da9900s0he3wwks', '01m89da95m7n8htzm5st', 'member', 1795612288288, 0, 1);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da9ceyf18ksh7me', '01m89da95a99kz817smh', 'owner', 1795612288398, 0, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da9ceyf18ksh7me', '01m89da95m7n8htzm5st', 'moderator', 1795612288405, 0, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq", "own_since_read") VALUES ('01m89da9egmfwbbpttce', '01m89da95a99kz817smh', 'owner', 1795612288464, 0, 1);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m89da97922cexc489f', '01m89da95a99kz817smh', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (1, '01m89da97jy734sybc34', 1, 1, '01m89da98afh0fhgwyct', '01m89da95a99kz817smh', '01m89da95a3kzhnzdbtz', 'nonce-01m89da95a99kz817smh-1', 'Nobody else reads this.', 'text/markdown', 1795612288266, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (2, '01m89da9900s0he3wwks', 1, 1, '01m89da99abtjf98sx9s', '01m89da95m7n8htzm5st', '01m89da95mxfkbfhcryt', 'nonce-01m89da95m7n8htzm5st-1', 'Between the two of us.', 'text/markdown', 1795612288298, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (3, '01m89da97922cexc489f', 1, 20, '01m89da99bwjbd0k7qx7', '01m89da95a99kz817smh', '01m89da95a3kzhnzdbtz', 'nonce-01m89da95a99kz817smh-4', 'Good morning, everyone!', 'text/markdown', 1795612288300, NULL, NULL, NULL, NULL, NULL, 1795612288385, 1);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (4, '01m89da97922cexc489f', 2, 15, '01m89da99gdg2mssx2j7', '01m89da95m7n8htzm5st', '01m89da95mxfkbfhcryt', 'nonce-01m89da95m7n8htzm5st-4', 'Good day, alice', 'text/markdown', 1795612288304, '01m89da99bwjbd0k7qx7', NULL, '["01m89da95a99kz817smh"]', 1795612288361, NULL, NULL, 1);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (5, '01m89da97922cexc489f', 3, 5, '01m89da99zmvnhd9rwv7', '01m89da95y7vcvxjhz0h', '01m89da95y61vn0k54ef', 'nonce-01m89da95y7vcvxjhz0h-1', 'In the thread', 'text/markdown', 1795612288319, NULL, '01m89da99bwjbd0k7qx7', NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (6, '01m89da97922cexc489f', 4, 16, '01m89da9a5xp5s9nt45s', '01m89da95y7vcvxjhz0h', '01m89da95y61vn0k54ef', 'nonce-01m89da95y7vcvxjhz0h-4', '', 'text/markdown', 1795612288325, NULL, NULL, NULL, NULL, 1795612288367, NULL, 1);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (7, '01m89da97922cexc489f', 5, 7, '01m89da9a6d5j1mj9apn', '01m89da95m7n8htzm5st', '01m89da95mxfkbfhcryt', 'nonce-01m89da95m7n8htzm5st-6', 'plain', 'text/plain', 1795612288326, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (8, '01m89da97922cexc489f', 6, 8, '01m89da9a7v182wkkxck', '01m89da95a99kz817smh', '01m89da95a3kzhnzdbtz', 'nonce-01m89da95a99kz817smh-6', 'ciphertext', 'application/octet-stream', 1795612288327, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (9, '01m89da97922cexc489f', 7, 9, '01m89da9admsvrnky8jm', '01m89da95m7n8htzm5st', '01m89da95mxfkbfhcryt', 'nonce-01m89da95m7n8htzm5st-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795612288333, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (10, '01m89da97922cexc489f', 8, 10, '01m89da9aeatqgc3v16x', '01m89da95m7n8htzm5st', '01m89da95mxfkbfhcryt', 'nonce-01m89da95m7n8htzm5st-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795612288334, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (11, '01m89da97922cexc489f', 9, 11, '01m89da9aefgc63c7kzj', '01m89da95m7n8htzm5st', '01m89da95mxfkbfhcryt', 'nonce-01m89da95m7n8htzm5st-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795612288334, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (12, '01m89da97922cexc489f', 10, 12, '01m89da9ah7gvsf71xrc', '01m89da95m7n8htzm5st', '01m89da95mxfkbfhcryt', 'nonce-01m89da95m7n8htzm5st-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795612288337, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (13, '01m89da97922cexc489f', 11, 13, '01m89da9ajcqkfkv7dwh', '01m89da95m7n8htzm5st', '01m89da95mxfkbfhcryt', 'nonce-01m89da95m7n8htzm5st-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795612288338, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (14, '01m89da9ceyf18ksh7me', 1, 3, '01m89da9d2z8dg19jzzm', '01m89da95y7vcvxjhz0h', '01m89da95y61vn0k54ef', 'nonce-01m89da95y7vcvxjhz0h-8', 'I was here.', 'text/markdown', 1795612288418, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at", "changed") VALUES (15, '01m89da9egmfwbbpttce', 1, 1, '01m89da9eq3ehc9txbgp', '01m89da95a99kz817smh', '01m89da95a3kzhnzdbtz', 'nonce-01m89da95a99kz817smh-10', 'All was said.', 'text/markdown', 1795612288471, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', '6851b4bc1d5ad5cd');
INSERT INTO "meta" ("key", "value") VALUES ('push_cursor', '0');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "p2p_sessions" ("id", "room_id", "kind", "asker_id", "asker_device", "asker_certificate", "peer_id", "peer_device", "peer_certificate", "created_at", "expires_at", "accepted_at", "seen_at") VALUES ('a84c2fb7-60c3-4e49-91ee-5347bdccdd75', '01m89da97922cexc489f', 'file', '01m89da95a99kz817smh', '01m89da95a3kzhnzdbtz', NULL, '01m89da95m7n8htzm5st', NULL, NULL, 1795612288518, 1795612468518, NULL, 1795612288518);
INSERT INTO "paces" ("room_id", "user_id", "said_at") VALUES ('01m89da97922cexc489f', '01m89da95a99kz817smh', 1795612288653);
INSERT INTO "push_targets" ("id", "user_id", "kind", "url", "topic", "token", "name", "mentions", "dms", "rooms", "text", "created_at", "state") VALUES ('01m89da9gg9ybpnn12gv', '01m89da95m7n8htzm5st', 'ntfy', 'https://ntfy.example.org', 'bobs', '', 'bob''s phone', 1, 1, 0, 0, 1795612288528, 'untried');
INSERT INTO "pushes" ("pk", "target_id", "room_id", "seq", "reason", "created_at", "due_at", "attempts") VALUES (1, '01m89da9gg9ybpnn12gv', 'example room_id', 1, 'example reason', 1795612288654, 1795612288654, 1);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m89da97922cexc489f', 1, '👍', '01m89da95a99kz817smh', 1795612288373);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m89da97922cexc489f', 1, '👍', '01m89da95m7n8htzm5st', 1795612288376);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m89da97922cexc489f', 1, '🎉', '01m89da95y7vcvxjhz0h', 1795612288378);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'44200E6946430056259B384B4B8493351B0189256B7A4650AED8595B2C7F1986', '01m89da95a3kzhnzdbtz', 1795612288170, 1798204288170, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'37CBDBFD79172ACF8701B4B466452B18D1D2D07906B0A812AEF3497CC0C3D958', '01m89da95mxfkbfhcryt', 1795612288180, 1798204288180, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'1A0E0723F6BC89670E8B64ED0C992ED10E0A678BE3B2CF00299B51F0D413FB6F', '01m89da9688fpr0tv25r', 1795612288200, 1798204288200, 1795612288225);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'F297DD31A8055BE98A974E861F44B5FB6ECC344887DE4B1ACD44D9CB2718A74D', '01m89da9688fpr0tv25r', 1795612288225, 1798204288225, NULL);
INSERT INTO "room_mentions" ("room_id", "seq", "author_id") VALUES ('01m89da97922cexc489f', 1, '01m89da95a99kz817smh');
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m89da97922cexc489f', 'General', 'general', 'All of us', 'public', 'room', '01m89da95a99kz817smh', 1795612288233, 11, 20, 0, 0, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m89da97jy734sybc34', 'Attic', 'attlc', '', 'private', 'room', '01m89da95a99kz817smh', 1795612288242, 1, 1, 0, 0, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m89da9900s0he3wwks', '', 'dm:01m89da95a99kz817smh:01m89da95m7n8htzm5st', '', 'private', 'dm', '01m89da95a99kz817smh', 1795612288288, 1, 1, 0, 0, 0, NULL, NULL, 1);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m89da9ceyf18ksh7me', 'Strict', 'strlct', 'With order', 'public', 'room', '01m89da95a99kz817smh', 1795612288398, 1, 6, 5, 315360000, 0, NULL, NULL, 0);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at", "receipts") VALUES ('01m89da9egmfwbbpttce', 'Old', 'old', '', 'public', 'room', '01m89da95a99kz817smh', 1795612288464, 1, 2, 0, 0, 0, 1795612288474, NULL, 0);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m89da95a99kz817smh', 'alice', 'allce', 'alice', 'admin', X'243262243034247771325066445A656D70344752547173577A422E3575646C636D7159665863685963516E695244533768696E413270302F6F796657', 1795612288170, NULL, NULL, NULL, '', 0);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m89da95m7n8htzm5st', 'bob', 'bob', 'bob', 'user', X'24326224303424663457374F6C78527A4A6A6C2F6B493033595438654F525736784B3858454C6F53587644616444504A72366F3039483145554E6847', 1795612288180, NULL, NULL, NULL, '', 0);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text", "hides_reads") VALUES ('01m89da95y7vcvxjhz0h', 'carol', 'carol', 'Carol C.', 'user', X'2432622430342464365144786542754A2E746338546B3536484C744F2E553454465A6B36644C49645A4C70474D4336376B7561644E4645667A734257', 1795612288190, NULL, NULL, NULL, '', 0);
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m89da97922cexc489f', 2, 1795612288346, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m89da97922cexc489f', 2, 1795612288361, 'Good morning, alice');
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
CREATE INDEX ix_messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX ix_messages_deleted ON messages (room_id, seq) WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX ix_messages_changed ON messages (room_id, rev) WHERE changed = 1;
COMMIT;
