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
	mentions TEXT, 
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
INSERT INTO "alembic_version" ("version_num") VALUES ('0001');
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vqvct8v1amfnc7h', '01m88vqvctrv64jq7sng', 'alice''s laptop', 1795593858458, 1795593858458, 1795593858699, 'sha256:01m88vqvctrv64jq7sng', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vqve007112sg0cp', '01m88vqve036f0w9ft12', 'bob''s laptop', 1795593858496, 1795593858496, 1795593858688, 'sha256:01m88vqve036f0w9ft12', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vqvea1afs98x4et', '01m88vqveamsv1xbweg6', 'carol''s laptop', 1795593858506, 1795593858506, 1795593858691, 'sha256:01m88vqveamsv1xbweg6', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vqver896ctgrepc', '01m88vqvctrv64jq7sng', 'alice''s phone', 1795593858520, 1795593858520, 1795593858564, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vqvfe8eake7b4ks', '01m88vqvctrv64jq7sng', 'a phone that was lost', 1795593858542, 1795593858542, 1795593858559, NULL, 1795593858559);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vqvgzambqq4adyz', '01m88vqvctrv64jq7sng', 'owner', 1795593858591, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vqvh6pebp6r5t7v', '01m88vqvctrv64jq7sng', 'owner', 1795593858599, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vqvgzambqq4adyz', '01m88vqve036f0w9ft12', 'member', 1795593858604, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vqvgzambqq4adyz', '01m88vqveamsv1xbweg6', 'member', 1795593858610, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vqvkwh39fam68qn', '01m88vqvctrv64jq7sng', 'owner', 1795593858684, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vqvkwh39fam68qn', '01m88vqve036f0w9ft12', 'member', 1795593858688, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vqvkwh39fam68qn', '01m88vqveamsv1xbweg6', 'member', 1795593858691, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vqvmbqsjc2bmhhx', '01m88vqvctrv64jq7sng', 'owner', 1795593858699, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88vqvgzambqq4adyz', '01m88vqvctrv64jq7sng', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (1, '01m88vqvh6pebp6r5t7v', 1, 1, '01m88vqvj8es23pds9a8', '01m88vqvctrv64jq7sng', '01m88vqvct8v1amfnc7h', 'nonce-01m88vqvctrv64jq7sng-1', 'Nobody else reads this.', 'text/markdown', 1795593858632, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (2, '01m88vqvgzambqq4adyz', 1, 3, '01m88vqvjtretmp00bxf', '01m88vqvctrv64jq7sng', '01m88vqvct8v1amfnc7h', 'nonce-01m88vqvctrv64jq7sng-4', 'Good morning, everyone!', 'text/markdown', 1795593858650, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (3, '01m88vqvgzambqq4adyz', 2, 4, '01m88vqvk4nvccd2d0aq', '01m88vqve036f0w9ft12', '01m88vqve007112sg0cp', 'nonce-01m88vqve036f0w9ft12-1', 'Good morning, @alice', 'text/markdown', 1795593858660, '01m88vqvjtretmp00bxf', NULL, '["01m88vqvctrv64jq7sng"]');
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (4, '01m88vqvgzambqq4adyz', 3, 5, '01m88vqvk9n52j8b3e8w', '01m88vqveamsv1xbweg6', '01m88vqvea1afs98x4et', 'nonce-01m88vqveamsv1xbweg6-1', 'In the thread', 'text/markdown', 1795593858665, NULL, '01m88vqvjtretmp00bxf', NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (5, '01m88vqvgzambqq4adyz', 4, 6, '01m88vqvkag1yj6jhke1', '01m88vqveamsv1xbweg6', '01m88vqvea1afs98x4et', 'nonce-01m88vqveamsv1xbweg6-4', 'To be taken back', 'text/markdown', 1795593858666, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (6, '01m88vqvgzambqq4adyz', 5, 7, '01m88vqvkb0ftyv924br', '01m88vqve036f0w9ft12', '01m88vqve007112sg0cp', 'nonce-01m88vqve036f0w9ft12-4', 'plain', 'text/plain', 1795593858667, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (7, '01m88vqvgzambqq4adyz', 6, 8, '01m88vqvkcm8ww07csfg', '01m88vqvctrv64jq7sng', '01m88vqvct8v1amfnc7h', 'nonce-01m88vqvctrv64jq7sng-6', 'ciphertext', 'application/octet-stream', 1795593858668, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (8, '01m88vqvgzambqq4adyz', 7, 9, '01m88vqvkd1kncs3dbbz', '01m88vqve036f0w9ft12', '01m88vqve007112sg0cp', 'nonce-01m88vqve036f0w9ft12-6', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795593858669, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (9, '01m88vqvgzambqq4adyz', 8, 10, '01m88vqvkdwnm9etmavz', '01m88vqve036f0w9ft12', '01m88vqve007112sg0cp', 'nonce-01m88vqve036f0w9ft12-8', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795593858669, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (10, '01m88vqvgzambqq4adyz', 9, 11, '01m88vqvkedr2eycrfjr', '01m88vqve036f0w9ft12', '01m88vqve007112sg0cp', 'nonce-01m88vqve036f0w9ft12-10', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795593858670, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (11, '01m88vqvgzambqq4adyz', 10, 12, '01m88vqvkff2fqawts97', '01m88vqve036f0w9ft12', '01m88vqve007112sg0cp', 'nonce-01m88vqve036f0w9ft12-12', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795593858671, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (12, '01m88vqvgzambqq4adyz', 11, 13, '01m88vqvkf7y485emyp5', '01m88vqve036f0w9ft12', '01m88vqve007112sg0cp', 'nonce-01m88vqve036f0w9ft12-14', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795593858671, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (13, '01m88vqvkwh39fam68qn', 1, 3, '01m88vqvm7bvkwfsqcem', '01m88vqveamsv1xbweg6', '01m88vqvea1afs98x4et', 'nonce-01m88vqveamsv1xbweg6-8', 'I was here.', 'text/markdown', 1795593858695, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions") VALUES (14, '01m88vqvmbqsjc2bmhhx', 1, 1, '01m88vqvn0rrad5cqqas', '01m88vqvctrv64jq7sng', '01m88vqvct8v1amfnc7h', 'nonce-01m88vqvctrv64jq7sng-10', 'All was said.', 'text/markdown', 1795593858720, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', 'd1a662e6a00981e2');
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'08F292314407B44A75DC6DACCE0B0848FB7AC0AE7013050FDC9EC791A9A86441', '01m88vqvct8v1amfnc7h', 1795593858458, 1798185858458, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'8D09DEF771435F0B563B3CB764DE19B3226D164F3E44AFBAEF6416D508901527', '01m88vqve007112sg0cp', 1795593858496, 1798185858496, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'86BF168EDA1779ACA0A7A186B370C1F511F0633C4E25700B35388C507C92E1A3', '01m88vqvea1afs98x4et', 1795593858506, 1798185858506, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'A2025CDA84BC4C80F582DEBBB9548856916A865EC510F7DFE52815014EB82045', '01m88vqver896ctgrepc', 1795593858520, 1798185858520, 1795593858564);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'514AEFF592E6A0303D3ACF7A89775E12EB1EC01FEC8972AA1FF0B6B7EED50931', '01m88vqver896ctgrepc', 1795593858564, 1798185858564, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vqvgzambqq4adyz', 'General', 'general', 'All of us', 'public', 'room', '01m88vqvctrv64jq7sng', 1795593858591, 11, 13);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vqvh6pebp6r5t7v', 'Attic', 'attlc', '', 'private', 'room', '01m88vqvctrv64jq7sng', 1795593858599, 1, 1);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vqvkwh39fam68qn', 'Strict', 'strlct', '', 'public', 'room', '01m88vqvctrv64jq7sng', 1795593858684, 1, 3);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vqvmbqsjc2bmhhx', 'Old', 'old', '', 'public', 'room', '01m88vqvctrv64jq7sng', 1795593858699, 1, 1);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vqvctrv64jq7sng', 'alice', 'allce', 'alice', 'admin', X'2432622430342462464361544B434645714F392E504E434D5A4275744F694C5936376F4A2E54696E7865727A43424C2F4D5948303865393754303269', 1795593858458);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vqve036f0w9ft12', 'bob', 'bob', 'bob', 'user', X'243262243034244D30387378652F4641744548563652444C5773472F757747483878594A57494E356D5A575567497847356E4C793968744D75426961', 1795593858496);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vqveamsv1xbweg6', 'carol', 'carol', 'Carol C.', 'user', X'24326224303424595864626C547A614B337532696E67516C5554624175543661634B4B79764B63304C61796B536358575A635178477A6F4A51785679', 1795593858506);
CREATE INDEX ix_devices_user_id ON devices (user_id);
CREATE INDEX ix_refresh_tokens_device_id ON refresh_tokens (device_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE INDEX ix_messages_room_id_author_id_seq ON messages (room_id, author_id, seq);
COMMIT;
