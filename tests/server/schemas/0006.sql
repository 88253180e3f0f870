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
INSERT INTO "alembic_version" ("version_num") VALUES ('0006');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (1, 1795594737679, 'room.role', '01m88wjnreg15y927f00', 'alice', '127.0.0.1', '01m88wjny6a2jdg4we93', '01m88wjnrxhdrrkp7yge', 'bob', '{"before": "member", "role": "moderator"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (2, 1795594737687, 'room.update', '01m88wjnreg15y927f00', 'alice', '127.0.0.1', '01m88wjny6a2jdg4we93', '01m88wjny6a2jdg4we93', 'Strict', '{"topic": "With order", "slow_mode_s": "5", "retention_s": "315360000"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (3, 1795594737704, 'room.invite', '01m88wjnreg15y927f00', 'alice', '127.0.0.1', '01m88wjny6a2jdg4we93', NULL, '', '{"invite": "01m88wjp18pbcf0ygs08", "max_uses": "3", "expires_in_s": "604800"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (4, 1795594737711, 'room.ban', '01m88wjnreg15y927f00', 'alice', '127.0.0.1', '01m88wjny6a2jdg4we93', '01m88wjns8xcmebt82rf', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (5, 1795594737746, 'room.update', '01m88wjnreg15y927f00', 'alice', '127.0.0.1', '01m88wjp20d0yn0bns56', '01m88wjp20d0yn0bns56', 'Old', '{"archived": "true"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (6, 1795594737758, 'account.suspend', '01m88wjnreg15y927f00', 'alice', '127.0.0.1', NULL, '01m88wjns8xcmebt82rf', 'carol', '{"reason": "for the story"}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (7, 1795594737778, 'account.restore', '01m88wjnreg15y927f00', 'alice', '127.0.0.1', NULL, '01m88wjns8xcmebt82rf', 'carol', '{}');
INSERT INTO "audit" ("id", "at", "action", "actor_id", "actor_name", "address", "room_id", "target_id", "target_name", "details") VALUES (8, 1795594737806, 'server.invite', '01m88wjnreg15y927f00', 'alice', '127.0.0.1', NULL, NULL, '', '{"invite": "01m88wjp4e7gyg2rewym", "max_uses": "1", "expires_in_s": "604800"}');
INSERT INTO "bans" ("room_id", "user_id", "banned_by", "reason", "created_at") VALUES ('01m88wjny6a2jdg4we93', '01m88wjns8xcmebt82rf', '01m88wjnreg15y927f00', 'for the story', 1795594737711);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjnrex8w56sp2jx', '01m88wjnreg15y927f00', 'alice''s laptop', 1795594737422, 1795594737422, 1795594737806, 'sha256:01m88wjnreg15y927f00', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjnrx8pv9g5kx0e', '01m88wjnrxhdrrkp7yge', 'bob''s laptop', 1795594737437, 1795594737437, 1795594737794, 'sha256:01m88wjnrxhdrrkp7yge', NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjns8vsf5a9g7e8', '01m88wjns8xcmebt82rf', 'carol''s laptop', 1795594737448, 1795594737448, 1795594737658, 'sha256:01m88wjns8xcmebt82rf', 1795594737758, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjnsdf50abx8gy4', '01m88wjnreg15y927f00', 'alice''s phone', 1795594737453, 1795594737453, 1795594737482, NULL, NULL, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjnsqfrefem1kkh', '01m88wjnreg15y927f00', 'a phone that was lost', 1795594737463, 1795594737463, 1795594737478, NULL, 1795594737478, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at", "token_hash", "expires_at") VALUES ('01m88wjp42pk6g21d4bb', '01m88wjnrxhdrrkp7yge', 'a script of bob''s', 1795594737794, 1795594737794, 1795594737794, NULL, NULL, X'63A0BEA045728E6183355FF6FA060B2574D86FE8AD85FFE71926B39C0C4CEDB9', NULL);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'C5D1C81B30C3EAC03E8E6D5940BDAA957B6B049111DA5E1FBB322D7D6B2DCC34', '01m88wjp18pbcf0ygs08', '01m88wjny6a2jdg4we93', '01m88wjnreg15y927f00', 1795594737704, 1796199537704, 3, 0);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'6CC9B572BDEDEB5B8C00413E73239175F595D984630445DD03A02E6B06860919', '01m88wjp4e7gyg2rewym', NULL, '01m88wjnreg15y927f00', 1795594737806, 1796199537806, 1, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjntnj8p6ax9jke', '01m88wjnreg15y927f00', 'owner', 1795594737493, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjntzwmbtz1gz1g', '01m88wjnreg15y927f00', 'owner', 1795594737503, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjntnj8p6ax9jke', '01m88wjnrxhdrrkp7yge', 'member', 1795594737508, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjntnj8p6ax9jke', '01m88wjns8xcmebt82rf', 'member', 1795594737515, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjnvvbrerh0ac8y', '01m88wjnreg15y927f00', 'member', 1795594737531, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjnvvbrerh0ac8y', '01m88wjnrxhdrrkp7yge', 'member', 1795594737531, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjny6a2jdg4we93', '01m88wjnreg15y927f00', 'owner', 1795594737606, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjny6a2jdg4we93', '01m88wjnrxhdrrkp7yge', 'moderator', 1795594737630, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88wjp20d0yn0bns56', '01m88wjnreg15y927f00', 'owner', 1795594737728, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88wjntnj8p6ax9jke', '01m88wjnreg15y927f00', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (1, '01m88wjntzwmbtz1gz1g', 1, 1, '01m88wjnvrvzgj8bpdtb', '01m88wjnreg15y927f00', '01m88wjnrex8w56sp2jx', 'nonce-01m88wjnreg15y927f00-1', 'Nobody else reads this.', 'text/markdown', 1795594737528, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (2, '01m88wjnvvbrerh0ac8y', 1, 1, '01m88wjnw55naf74hfat', '01m88wjnrxhdrrkp7yge', '01m88wjnrx8pv9g5kx0e', 'nonce-01m88wjnrxhdrrkp7yge-1', 'Between the two of us.', 'text/markdown', 1795594737541, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (3, '01m88wjntnj8p6ax9jke', 1, 20, '01m88wjnw60ede4b7p78', '01m88wjnreg15y927f00', '01m88wjnrex8w56sp2jx', 'nonce-01m88wjnreg15y927f00-4', 'Good morning, everyone!', 'text/markdown', 1795594737542, NULL, NULL, NULL, NULL, NULL, 1795594737593);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (4, '01m88wjntnj8p6ax9jke', 2, 15, '01m88wjnw79r3eyjvsxf', '01m88wjnrxhdrrkp7yge', '01m88wjnrx8pv9g5kx0e', 'nonce-01m88wjnrxhdrrkp7yge-4', 'Good day, alice', 'text/markdown', 1795594737543, '01m88wjnw60ede4b7p78', NULL, '["01m88wjnreg15y927f00"]', 1795594737567, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (5, '01m88wjntnj8p6ax9jke', 3, 5, '01m88wjnwcz9atygmdwd', '01m88wjns8xcmebt82rf', '01m88wjns8vsf5a9g7e8', 'nonce-01m88wjns8xcmebt82rf-1', 'In the thread', 'text/markdown', 1795594737548, NULL, '01m88wjnw60ede4b7p78', NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (6, '01m88wjntnj8p6ax9jke', 4, 16, '01m88wjnwds4aw9gyrvh', '01m88wjns8xcmebt82rf', '01m88wjns8vsf5a9g7e8', 'nonce-01m88wjns8xcmebt82rf-4', '', 'text/markdown', 1795594737549, NULL, NULL, NULL, NULL, 1795594737571, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (7, '01m88wjntnj8p6ax9jke', 5, 7, '01m88wjnweqfzm7tyn5j', '01m88wjnrxhdrrkp7yge', '01m88wjnrx8pv9g5kx0e', 'nonce-01m88wjnrxhdrrkp7yge-6', 'plain', 'text/plain', 1795594737550, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (8, '01m88wjntnj8p6ax9jke', 6, 8, '01m88wjnwfmfe57py8mr', '01m88wjnreg15y927f00', '01m88wjnrex8w56sp2jx', 'nonce-01m88wjnreg15y927f00-6', 'ciphertext', 'application/octet-stream', 1795594737551, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (9, '01m88wjntnj8p6ax9jke', 7, 9, '01m88wjnwgfebh2qxwgn', '01m88wjnrxhdrrkp7yge', '01m88wjnrx8pv9g5kx0e', 'nonce-01m88wjnrxhdrrkp7yge-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795594737552, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (10, '01m88wjntnj8p6ax9jke', 8, 10, '01m88wjnwhgy8a0g6s55', '01m88wjnrxhdrrkp7yge', '01m88wjnrx8pv9g5kx0e', 'nonce-01m88wjnrxhdrrkp7yge-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795594737553, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (11, '01m88wjntnj8p6ax9jke', 9, 11, '01m88wjnwhtp70apah3f', '01m88wjnrxhdrrkp7yge', '01m88wjnrx8pv9g5kx0e', 'nonce-01m88wjnrxhdrrkp7yge-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795594737553, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (12, '01m88wjntnj8p6ax9jke', 10, 12, '01m88wjnwjyzb11gbcxh', '01m88wjnrxhdrrkp7yge', '01m88wjnrx8pv9g5kx0e', 'nonce-01m88wjnrxhdrrkp7yge-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795594737554, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (13, '01m88wjntnj8p6ax9jke', 11, 13, '01m88wjnwkqgrtfzcarn', '01m88wjnrxhdrrkp7yge', '01m88wjnrx8pv9g5kx0e', 'nonce-01m88wjnrxhdrrkp7yge-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795594737555, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (14, '01m88wjny6a2jdg4we93', 1, 3, '01m88wjp0dfxtkabwwfr', '01m88wjns8xcmebt82rf', '01m88wjns8vsf5a9g7e8', 'nonce-01m88wjns8xcmebt82rf-8', 'I was here.', 'text/markdown', 1795594737677, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (15, '01m88wjp20d0yn0bns56', 1, 1, '01m88wjp29gy9xfyqd7s', '01m88wjnreg15y927f00', '01m88wjnrex8w56sp2jx', 'nonce-01m88wjnreg15y927f00-10', 'All was said.', 'text/markdown', 1795594737737, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', '8420e1734e86d814');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88wjntnj8p6ax9jke', 1, '👍', '01m88wjnreg15y927f00', 1795594737576);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88wjntnj8p6ax9jke', 1, '👍', '01m88wjnrxhdrrkp7yge', 1795594737583);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88wjntnj8p6ax9jke', 1, '🎉', '01m88wjns8xcmebt82rf', 1795594737588);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'8F98B28A76776092F624C6070DABE0AA3ACFA280A045F20BC4985761721B6250', '01m88wjnrex8w56sp2jx', 1795594737422, 1798186737422, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'59A9861254B2C1D51FE8F6DD0A2706884C65C0F1300DD57685535D9DD1843AE2', '01m88wjnrx8pv9g5kx0e', 1795594737437, 1798186737437, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'A0CF51E5BD28B10120D317DFCE73D7F901F4A55B4CF5247EAB32E9DB5329A0E3', '01m88wjnsdf50abx8gy4', 1795594737453, 1798186737453, 1795594737482);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'1C1AEBFF30ECB991CD19F9F2351320D39EF7876425240D85BD5121BE27914324', '01m88wjnsdf50abx8gy4', 1795594737482, 1798186737482, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjntnj8p6ax9jke', 'General', 'general', 'All of us', 'public', 'room', '01m88wjnreg15y927f00', 1795594737493, 11, 20, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjntzwmbtz1gz1g', 'Attic', 'attlc', '', 'private', 'room', '01m88wjnreg15y927f00', 1795594737503, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjnvvbrerh0ac8y', '', 'dm:01m88wjnreg15y927f00:01m88wjnrxhdrrkp7yge', '', 'private', 'dm', '01m88wjnreg15y927f00', 1795594737531, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjny6a2jdg4we93', 'Strict', 'strlct', 'With order', 'public', 'room', '01m88wjnreg15y927f00', 1795594737606, 1, 6, 5, 315360000, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88wjp20d0yn0bns56', 'Old', 'old', '', 'public', 'room', '01m88wjnreg15y927f00', 1795594737728, 1, 2, 0, 0, 0, 1795594737746, NULL);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88wjnreg15y927f00', 'alice', 'allce', 'alice', 'admin', X'24326224303424324C5059495A6D78332E6D7978712E35734C4E77447549616A64445276494E6554726D51724962436D794C6161494648684C394B61', 1795594737422, NULL, NULL, NULL, '');
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88wjnrxhdrrkp7yge', 'bob', 'bob', 'bob', 'user', X'24326224303424613772456347672F4E6752756E634551563677536B6550654D6E7A5677772F4D427A586765644466627A6D503673736E5774637553', 1795594737437, NULL, NULL, NULL, '');
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at", "password_expires_at", "suspended_at", "deleted_at", "status_text") VALUES ('01m88wjns8xcmebt82rf', 'carol', 'carol', 'Carol C.', 'user', X'24326224303424437961426C74654E2E57744E4B6F6E6A6A34796A464F5A584878484B2E616D78592F4E5665364455434C716D7033532F5556433547', 1795594737448, NULL, NULL, NULL, '');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88wjntnj8p6ax9jke', 2, 1795594737558, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88wjntnj8p6ax9jke', 2, 1795594737567, 'Good morning, alice');
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
