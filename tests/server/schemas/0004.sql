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
	created_at BIGINT NOT NULL, 
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
	revoked_at BIGINT, 
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
CREATE TABLE invites (
	code_hash BLOB NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	room_id VARCHAR(64) NOT NULL, 
	created_by VARCHAR(64) NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	max_uses BIGINT, 
	uses BIGINT NOT NULL, 
	CONSTRAINT pk_invites PRIMARY KEY (code_hash), 
	CONSTRAINT uq_invites_id UNIQUE (id), 
	CONSTRAINT fk_invites_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT fk_invites_created_by FOREIGN KEY(created_by) REFERENCES users (id)
);
INSERT INTO "alembic_version" ("version_num") VALUES ('0004');
INSERT INTO "bans" ("room_id", "user_id", "banned_by", "reason", "created_at") VALUES ('01m88vv86wrhh61jrcq0', '01m88vv7ycf5qn8hqfx7', '01m88vv7xwgjs4a6j20p', 'for the story', 1795593969950);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vv7xwspshbqhbak', '01m88vv7xwgjs4a6j20p', 'alice''s laptop', 1795593969596, 1795593969596, 1795593969967, 'sha256:01m88vv7xwgjs4a6j20p', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vv7y928ykdddf3v', '01m88vv7y97ssyqnjr5s', 'bob''s laptop', 1795593969609, 1795593969609, 1795593969894, 'sha256:01m88vv7y97ssyqnjr5s', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vv7ycxzbv0q2zaj', '01m88vv7ycf5qn8hqfx7', 'carol''s laptop', 1795593969612, 1795593969612, 1795593969904, 'sha256:01m88vv7ycf5qn8hqfx7', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vv7ymwtw74q3r1z', '01m88vv7xwgjs4a6j20p', 'alice''s phone', 1795593969620, 1795593969620, 1795593969642, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vv7yz6v3g34t8x8', '01m88vv7xwgjs4a6j20p', 'a phone that was lost', 1795593969631, 1795593969631, 1795593969639, NULL, 1795593969639);
INSERT INTO "invites" ("code_hash", "id", "room_id", "created_by", "created_at", "expires_at", "max_uses", "uses") VALUES (X'9258EEB1B28ACAEA600D92B55D8CDF38FAEE220EE0F4BC8E1A46FF5C58940E2F', '01m88vv88nars4a1bntc', '01m88vv86wrhh61jrcq0', '01m88vv7xwgjs4a6j20p', 1795593969941, 1796198769941, 3, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv7zxxebqh777n1', '01m88vv7xwgjs4a6j20p', 'owner', 1795593969661, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv80bgfsczyjmmh', '01m88vv7xwgjs4a6j20p', 'owner', 1795593969675, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv7zxxebqh777n1', '01m88vv7y97ssyqnjr5s', 'member', 1795593969686, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv7zxxebqh777n1', '01m88vv7ycf5qn8hqfx7', 'member', 1795593969708, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv82gz26qgcbmr7', '01m88vv7xwgjs4a6j20p', 'member', 1795593969744, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv82gz26qgcbmr7', '01m88vv7y97ssyqnjr5s', 'member', 1795593969744, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv86wrhh61jrcq0', '01m88vv7xwgjs4a6j20p', 'owner', 1795593969884, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv86wrhh61jrcq0', '01m88vv7y97ssyqnjr5s', 'moderator', 1795593969894, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vv8969cp97jvhwm', '01m88vv7xwgjs4a6j20p', 'owner', 1795593969958, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88vv7zxxebqh777n1', '01m88vv7xwgjs4a6j20p', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (1, '01m88vv80bgfsczyjmmh', 1, 1, '01m88vv826kxc3xj545v', '01m88vv7xwgjs4a6j20p', '01m88vv7xwspshbqhbak', 'nonce-01m88vv7xwgjs4a6j20p-1', 'Nobody else reads this.', 'text/markdown', 1795593969734, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (2, '01m88vv82gz26qgcbmr7', 1, 1, '01m88vv83b5ag768efjc', '01m88vv7y97ssyqnjr5s', '01m88vv7y928ykdddf3v', 'nonce-01m88vv7y97ssyqnjr5s-1', 'Between the two of us.', 'text/markdown', 1795593969771, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (3, '01m88vv7zxxebqh777n1', 1, 20, '01m88vv83df6wy4hm3z6', '01m88vv7xwgjs4a6j20p', '01m88vv7xwspshbqhbak', 'nonce-01m88vv7xwgjs4a6j20p-4', 'Good morning, everyone!', 'text/markdown', 1795593969773, NULL, NULL, NULL, NULL, NULL, 1795593969865);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (4, '01m88vv7zxxebqh777n1', 2, 15, '01m88vv83mdaxkksfetv', '01m88vv7y97ssyqnjr5s', '01m88vv7y928ykdddf3v', 'nonce-01m88vv7y97ssyqnjr5s-4', 'Good day, alice', 'text/markdown', 1795593969780, '01m88vv83df6wy4hm3z6', NULL, '["01m88vv7xwgjs4a6j20p"]', 1795593969829, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (5, '01m88vv7zxxebqh777n1', 3, 5, '01m88vv83yqx77v0krzd', '01m88vv7ycf5qn8hqfx7', '01m88vv7ycxzbv0q2zaj', 'nonce-01m88vv7ycf5qn8hqfx7-1', 'In the thread', 'text/markdown', 1795593969790, NULL, '01m88vv83df6wy4hm3z6', NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (6, '01m88vv7zxxebqh777n1', 4, 16, '01m88vv83ywgjx2794ky', '01m88vv7ycf5qn8hqfx7', '01m88vv7ycxzbv0q2zaj', 'nonce-01m88vv7ycf5qn8hqfx7-4', '', 'text/markdown', 1795593969790, NULL, NULL, NULL, NULL, 1795593969833, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (7, '01m88vv7zxxebqh777n1', 5, 7, '01m88vv83zg8gvbb24r3', '01m88vv7y97ssyqnjr5s', '01m88vv7y928ykdddf3v', 'nonce-01m88vv7y97ssyqnjr5s-6', 'plain', 'text/plain', 1795593969791, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (8, '01m88vv7zxxebqh777n1', 6, 8, '01m88vv840qjhbvss62r', '01m88vv7xwgjs4a6j20p', '01m88vv7xwspshbqhbak', 'nonce-01m88vv7xwgjs4a6j20p-6', 'ciphertext', 'application/octet-stream', 1795593969792, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (9, '01m88vv7zxxebqh777n1', 7, 9, '01m88vv841j8cfrq3fdn', '01m88vv7y97ssyqnjr5s', '01m88vv7y928ykdddf3v', 'nonce-01m88vv7y97ssyqnjr5s-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795593969793, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (10, '01m88vv7zxxebqh777n1', 8, 10, '01m88vv841s2dxm721ze', '01m88vv7y97ssyqnjr5s', '01m88vv7y928ykdddf3v', 'nonce-01m88vv7y97ssyqnjr5s-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795593969793, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (11, '01m88vv7zxxebqh777n1', 9, 11, '01m88vv845r3qrx6z7b0', '01m88vv7y97ssyqnjr5s', '01m88vv7y928ykdddf3v', 'nonce-01m88vv7y97ssyqnjr5s-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795593969797, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (12, '01m88vv7zxxebqh777n1', 10, 12, '01m88vv845svjw2pe1gs', '01m88vv7y97ssyqnjr5s', '01m88vv7y928ykdddf3v', 'nonce-01m88vv7y97ssyqnjr5s-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795593969797, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (13, '01m88vv7zxxebqh777n1', 11, 13, '01m88vv84646de4rsmkn', '01m88vv7y97ssyqnjr5s', '01m88vv7y928ykdddf3v', 'nonce-01m88vv7y97ssyqnjr5s-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795593969798, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (14, '01m88vv86wrhh61jrcq0', 1, 3, '01m88vv87x6d4r2r35qg', '01m88vv7ycf5qn8hqfx7', '01m88vv7ycxzbv0q2zaj', 'nonce-01m88vv7ycf5qn8hqfx7-8', 'I was here.', 'text/markdown', 1795593969917, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (15, '01m88vv8969cp97jvhwm', 1, 1, '01m88vv89dnjv9h4n49d', '01m88vv7xwgjs4a6j20p', '01m88vv7xwspshbqhbak', 'nonce-01m88vv7xwgjs4a6j20p-10', 'All was said.', 'text/markdown', 1795593969965, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', '8990493859c6bf0c');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vv7zxxebqh777n1', 1, '👍', '01m88vv7xwgjs4a6j20p', 1795593969849);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vv7zxxebqh777n1', 1, '👍', '01m88vv7y97ssyqnjr5s', 1795593969852);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vv7zxxebqh777n1', 1, '🎉', '01m88vv7ycf5qn8hqfx7', 1795593969859);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'57D22E03DBE2F75FB94251936B658CD5C5B0F3E1FC29E1D04C746EB12E08F98F', '01m88vv7xwspshbqhbak', 1795593969596, 1798185969596, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'D0ACA2E4645F7949FA62D6F7D02D9DF5DEFEF6DCFE2FCA9FF07E19463298FAED', '01m88vv7y928ykdddf3v', 1795593969609, 1798185969609, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'CEE5A731DA8B1B0BD3CE3F0E2DC58D272033D2C03E456CBB02C9904A515F1F68', '01m88vv7ycxzbv0q2zaj', 1795593969612, 1798185969612, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'A1D052837900C0D29A77C628478D4C32E30B19275047A06BC7A155BA75D6165B', '01m88vv7ymwtw74q3r1z', 1795593969620, 1798185969620, 1795593969642);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'1A98C696A7A5257E009A9A96435C0B3CE249173B73D546E3DC201983B973D2AE', '01m88vv7ymwtw74q3r1z', 1795593969642, 1798185969642, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vv7zxxebqh777n1', 'General', 'general', 'All of us', 'public', 'room', '01m88vv7xwgjs4a6j20p', 1795593969661, 11, 20, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vv80bgfsczyjmmh', 'Attic', 'attlc', '', 'private', 'room', '01m88vv7xwgjs4a6j20p', 1795593969675, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vv82gz26qgcbmr7', '', 'dm:01m88vv7xwgjs4a6j20p:01m88vv7y97ssyqnjr5s', '', 'private', 'dm', '01m88vv7xwgjs4a6j20p', 1795593969744, 1, 1, 0, 0, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vv86wrhh61jrcq0', 'Strict', 'strlct', 'With order', 'public', 'room', '01m88vv7xwgjs4a6j20p', 1795593969884, 1, 6, 5, 315360000, 0, NULL, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev", "slow_mode_s", "retention_s", "erased_seq", "archived_at", "deleted_at") VALUES ('01m88vv8969cp97jvhwm', 'Old', 'old', '', 'public', 'room', '01m88vv7xwgjs4a6j20p', 1795593969958, 1, 2, 0, 0, 0, 1795593969967, NULL);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vv7xwgjs4a6j20p', 'alice', 'allce', 'alice', 'admin', X'2432622430342453326A73567766637072644E53337A6761756D6E53755346437878623875484342544E576854457146646C376371427561636E5279', 1795593969596);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vv7y97ssyqnjr5s', 'bob', 'bob', 'bob', 'user', X'2432622430342471345178644D3338316A6C7255497833584F76456B4F55554F5879783265505A4F415A7533454E6F5A485232546336663177734553', 1795593969609);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vv7ycf5qn8hqfx7', 'carol', 'carol', 'Carol C.', 'user', X'24326224303424586E463666414350696B645A4837776279456C67467559344A65545035542F41425A35636331492F6E746B5334734343566C6A7536', 1795593969612);
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88vv7zxxebqh777n1', 2, 1795593969810, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88vv7zxxebqh777n1', 2, 1795593969829, 'Good morning, alice');
INSERT INTO message_search(rowid, content) SELECT pk, content FROM messages
  WHERE pk <= (SELECT value FROM meta WHERE key = 'search_pk') AND deleted_at IS NULL AND content_type LIKE 'text/%';
CREATE INDEX ix_devices_user_id ON devices (user_id);
CREATE INDEX ix_refresh_tokens_device_id ON refresh_tokens (device_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE INDEX ix_messages_room_id_author_id_seq ON messages (room_id, author_id, seq);
CREATE INDEX ix_messages_deleted ON messages (room_id, seq) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX ix_messages_thread ON messages (room_id, thread, seq) WHERE thread IS NOT NULL;
CREATE INDEX ix_invites_room_id ON invites (room_id);
COMMIT;
