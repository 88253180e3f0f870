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
	rev BIGINT NOT NULL, 
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
INSERT INTO "alembic_version" ("version_num") VALUES ('0003');
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr8ygsz8xavsw91', '01m88vr8ygp5jfs65x19', 'alice''s laptop', 1795593872336, 1795593872336, 1795593872815, 'sha256:01m88vr8ygp5jfs65x19', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr8z2w9mey6qyts', '01m88vr8z24tc9xb37ph', 'bob''s laptop', 1795593872354, 1795593872354, 1795593872776, 'sha256:01m88vr8z24tc9xb37ph', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr8zh8vv81ewbyd', '01m88vr8zhzk2fbmse5h', 'carol''s laptop', 1795593872369, 1795593872369, 1795593872792, 'sha256:01m88vr8zhzk2fbmse5h', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr8zty5ve0aj9kp', '01m88vr8ygp5jfs65x19', 'alice''s phone', 1795593872378, 1795593872378, 1795593872411, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr9008hbp7xkf8k', '01m88vr8ygp5jfs65x19', 'a phone that was lost', 1795593872384, 1795593872384, 1795593872396, NULL, 1795593872396);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr91xb1hthd1jrv', '01m88vr8ygp5jfs65x19', 'owner', 1795593872445, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr92jntb4dxztd6', '01m88vr8ygp5jfs65x19', 'owner', 1795593872466, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr91xb1hthd1jrv', '01m88vr8z24tc9xb37ph', 'member', 1795593872480, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr91xb1hthd1jrv', '01m88vr8zhzk2fbmse5h', 'member', 1795593872498, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr94h67x3w9pgp3', '01m88vr8ygp5jfs65x19', 'member', 1795593872529, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr94h67x3w9pgp3', '01m88vr8z24tc9xb37ph', 'member', 1795593872529, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr9c07q941fjwha', '01m88vr8ygp5jfs65x19', 'owner', 1795593872768, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr9c07q941fjwha', '01m88vr8z24tc9xb37ph', 'member', 1795593872776, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr9c07q941fjwha', '01m88vr8zhzk2fbmse5h', 'member', 1795593872792, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr9dfr868454x6h', '01m88vr8ygp5jfs65x19', 'owner', 1795593872815, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88vr91xb1hthd1jrv', '01m88vr8ygp5jfs65x19', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (1, '01m88vr92jntb4dxztd6', 1, 1, '01m88vr947z45akwj7tb', '01m88vr8ygp5jfs65x19', '01m88vr8ygsz8xavsw91', 'nonce-01m88vr8ygp5jfs65x19-1', 'Nobody else reads this.', 'text/markdown', 1795593872519, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (2, '01m88vr94h67x3w9pgp3', 1, 1, '01m88vr95wh9eaz9feww', '01m88vr8z24tc9xb37ph', '01m88vr8z2w9mey6qyts', 'nonce-01m88vr8z24tc9xb37ph-1', 'Between the two of us.', 'text/markdown', 1795593872572, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (3, '01m88vr91xb1hthd1jrv', 1, 20, '01m88vr9652pcfqd3bkc', '01m88vr8ygp5jfs65x19', '01m88vr8ygsz8xavsw91', 'nonce-01m88vr8ygp5jfs65x19-4', 'Good morning, everyone!', 'text/markdown', 1795593872581, NULL, NULL, NULL, NULL, NULL, 1795593872737);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (4, '01m88vr91xb1hthd1jrv', 2, 15, '01m88vr96dkf97t3ceq9', '01m88vr8z24tc9xb37ph', '01m88vr8z2w9mey6qyts', 'nonce-01m88vr8z24tc9xb37ph-4', 'Good day, alice', 'text/markdown', 1795593872589, '01m88vr9652pcfqd3bkc', NULL, '["01m88vr8ygp5jfs65x19"]', 1795593872676, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (5, '01m88vr91xb1hthd1jrv', 3, 5, '01m88vr97krgsmq52j7p', '01m88vr8zhzk2fbmse5h', '01m88vr8zh8vv81ewbyd', 'nonce-01m88vr8zhzk2fbmse5h-1', 'In the thread', 'text/markdown', 1795593872627, NULL, '01m88vr9652pcfqd3bkc', NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (6, '01m88vr91xb1hthd1jrv', 4, 16, '01m88vr97m2y9zn9k64r', '01m88vr8zhzk2fbmse5h', '01m88vr8zh8vv81ewbyd', 'nonce-01m88vr8zhzk2fbmse5h-4', '', 'text/markdown', 1795593872628, NULL, NULL, NULL, NULL, 1795593872689, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (7, '01m88vr91xb1hthd1jrv', 5, 7, '01m88vr97sskx9q27jkh', '01m88vr8z24tc9xb37ph', '01m88vr8z2w9mey6qyts', 'nonce-01m88vr8z24tc9xb37ph-6', 'plain', 'text/plain', 1795593872633, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (8, '01m88vr91xb1hthd1jrv', 6, 8, '01m88vr97tjayv4wzf2j', '01m88vr8ygp5jfs65x19', '01m88vr8ygsz8xavsw91', 'nonce-01m88vr8ygp5jfs65x19-6', 'ciphertext', 'application/octet-stream', 1795593872634, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (9, '01m88vr91xb1hthd1jrv', 7, 9, '01m88vr97vmbzvw4sh9d', '01m88vr8z24tc9xb37ph', '01m88vr8z2w9mey6qyts', 'nonce-01m88vr8z24tc9xb37ph-8', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795593872635, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (10, '01m88vr91xb1hthd1jrv', 8, 10, '01m88vr97w3asvgzn383', '01m88vr8z24tc9xb37ph', '01m88vr8z2w9mey6qyts', 'nonce-01m88vr8z24tc9xb37ph-10', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795593872636, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (11, '01m88vr91xb1hthd1jrv', 9, 11, '01m88vr97wkxd4jd16r5', '01m88vr8z24tc9xb37ph', '01m88vr8z2w9mey6qyts', 'nonce-01m88vr8z24tc9xb37ph-12', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795593872636, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (12, '01m88vr91xb1hthd1jrv', 10, 12, '01m88vr980vk7p1q9489', '01m88vr8z24tc9xb37ph', '01m88vr8z2w9mey6qyts', 'nonce-01m88vr8z24tc9xb37ph-14', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795593872640, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (13, '01m88vr91xb1hthd1jrv', 11, 13, '01m88vr981xfkg4e8vvz', '01m88vr8z24tc9xb37ph', '01m88vr8z2w9mey6qyts', 'nonce-01m88vr8z24tc9xb37ph-16', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795593872641, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (14, '01m88vr9c07q941fjwha', 1, 3, '01m88vr9d9dbs6xhbr5y', '01m88vr8zhzk2fbmse5h', '01m88vr8zh8vv81ewbyd', 'nonce-01m88vr8zhzk2fbmse5h-8', 'I was here.', 'text/markdown', 1795593872809, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (15, '01m88vr9dfr868454x6h', 1, 1, '01m88vr9dnx5teq2qjrk', '01m88vr8ygp5jfs65x19', '01m88vr8ygsz8xavsw91', 'nonce-01m88vr8ygp5jfs65x19-10', 'All was said.', 'text/markdown', 1795593872821, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', 'df649f7f5db5acfb');
INSERT INTO "meta" ("key", "value") VALUES ('search_pk', '13');
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vr91xb1hthd1jrv', 1, '👍', '01m88vr8ygp5jfs65x19', 1795593872697);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vr91xb1hthd1jrv', 1, '👍', '01m88vr8z24tc9xb37ph', 1795593872721);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vr91xb1hthd1jrv', 1, '🎉', '01m88vr8zhzk2fbmse5h', 1795593872730);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'6446F812620E9DE690FBFA0CF2C08BB5C6D5A22FA270AED78BDDB1A47DB0E9B3', '01m88vr8ygsz8xavsw91', 1795593872336, 1798185872336, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'9F01231FD99066BFE5D49F11251A6C6A0DEE3E785F70A1F99E84798A2F5A2848', '01m88vr8z2w9mey6qyts', 1795593872354, 1798185872354, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'91070030A26A3A0A55DD4A4B9CBFAC296541D85A403827CC7E2A4429664CBBD9', '01m88vr8zh8vv81ewbyd', 1795593872369, 1798185872369, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'767B9470806DE5792AC86FB3F3CA1CF24BFF3D13E448962DE1CA59BED0E931E8', '01m88vr8zty5ve0aj9kp', 1795593872378, 1798185872378, 1795593872411);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'7348FC8A3C2C80BCB195DB284F9326E9E9439108EBA56EB4262042AFC2FD0524', '01m88vr8zty5ve0aj9kp', 1795593872411, 1798185872411, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr91xb1hthd1jrv', 'General', 'general', 'All of us', 'public', 'room', '01m88vr8ygp5jfs65x19', 1795593872445, 11, 20);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr92jntb4dxztd6', 'Attic', 'attlc', '', 'private', 'room', '01m88vr8ygp5jfs65x19', 1795593872466, 1, 1);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr94h67x3w9pgp3', '', 'dm:01m88vr8ygp5jfs65x19:01m88vr8z24tc9xb37ph', '', 'private', 'dm', '01m88vr8ygp5jfs65x19', 1795593872529, 1, 1);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr9c07q941fjwha', 'Strict', 'strlct', '', 'public', 'room', '01m88vr8ygp5jfs65x19', 1795593872768, 1, 3);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr9dfr868454x6h', 'Old', 'old', '', 'public', 'room', '01m88vr8ygp5jfs65x19', 1795593872815, 1, 1);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vr8ygp5jfs65x19', 'alice', 'allce', 'alice', 'admin', X'243262243034245A5851724C3672664B2F6959354571752F534F567465716D7A714335645A6248562F42462E2E326D39653070445974435A42335375', 1795593872336);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vr8z24tc9xb37ph', 'bob', 'bob', 'bob', 'user', X'24326224303424346E683343776B4568655669334B4C704D506C57566533612E4141663367324E595A55693331613179306E4D6274734D2F784A682E', 1795593872354);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vr8zhzk2fbmse5h', 'carol', 'carol', 'Carol C.', 'user', X'2432622430342447615A4C68577651734B662E4845657544626F54722E373132384A72706230444E6961496E52464747332F754A466B437568597243', 1795593872369);
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88vr91xb1hthd1jrv', 2, 1795593872645, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88vr91xb1hthd1jrv', 2, 1795593872676, 'Good morning, alice');
INSERT INTO message_search(rowid, content) SELECT pk, content FROM messages
  WHERE pk <= (SELECT value FROM meta WHERE key = 'search_pk') AND deleted_at IS NULL AND content_type LIKE 'text/%';
CREATE INDEX ix_devices_user_id ON devices (user_id);
CREATE INDEX ix_refresh_tokens_device_id ON refresh_tokens (device_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE INDEX ix_messages_room_id_author_id_seq ON messages (room_id, author_id, seq);
CREATE INDEX ix_messages_deleted ON messages (room_id, seq) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX ix_messages_thread ON messages (room_id, thread, seq) WHERE thread IS NOT NULL;
COMMIT;
