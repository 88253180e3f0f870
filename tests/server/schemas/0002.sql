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
INSERT INTO "alembic_version" ("version_num") VALUES ('0002');
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr5f40k71m6z7k6', '01m88vr5f4mw9ejscg7b', 'alice''s laptop', 1795593868772, 1795593868772, 1795593869345, 'sha256:01m88vr5f4mw9ejscg7b', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr5fxq8krp6p4m3', '01m88vr5fx0tjng1sm3w', 'bob''s laptop', 1795593868797, 1795593868797, 1795593869240, 'sha256:01m88vr5fx0tjng1sm3w', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr5gb2rdma07y9x', '01m88vr5gbs0m515xq35', 'carol''s laptop', 1795593868811, 1795593868811, 1795593869263, 'sha256:01m88vr5gbs0m515xq35', NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr5gn1c6tst73nv', '01m88vr5f4mw9ejscg7b', 'alice''s phone', 1795593868821, 1795593868821, 1795593868860, NULL, NULL);
INSERT INTO "devices" ("id", "user_id", "name", "created_at", "signed_in_at", "last_seen_at", "key_fingerprint", "revoked_at") VALUES ('01m88vr5hc23wmfazd3a', '01m88vr5f4mw9ejscg7b', 'a phone that was lost', 1795593868844, 1795593868844, 1795593868849, NULL, 1795593868849);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr5jep2jjka64f8', '01m88vr5f4mw9ejscg7b', 'owner', 1795593868878, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr5m1we9cd8nsg3', '01m88vr5f4mw9ejscg7b', 'owner', 1795593868929, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr5jep2jjka64f8', '01m88vr5fx0tjng1sm3w', 'member', 1795593868969, 4);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr5jep2jjka64f8', '01m88vr5gbs0m515xq35', 'member', 1795593868985, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr5xn4wt52kyzsj', '01m88vr5f4mw9ejscg7b', 'owner', 1795593869237, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr5xn4wt52kyzsj', '01m88vr5fx0tjng1sm3w', 'member', 1795593869240, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr5xn4wt52kyzsj', '01m88vr5gbs0m515xq35', 'member', 1795593869263, 0);
INSERT INTO "members" ("room_id", "user_id", "role", "joined_at", "read_seq") VALUES ('01m88vr611xp5gmx4gm6', '01m88vr5f4mw9ejscg7b', 'owner', 1795593869345, 0);
INSERT INTO "mentions" ("room_id", "user_id", "seq") VALUES ('01m88vr5jep2jjka64f8', '01m88vr5f4mw9ejscg7b', 2);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (1, '01m88vr5m1we9cd8nsg3', 1, 1, '01m88vr5reeba24abmn8', '01m88vr5f4mw9ejscg7b', '01m88vr5f40k71m6z7k6', 'nonce-01m88vr5f4mw9ejscg7b-1', 'Nobody else reads this.', 'text/markdown', 1795593869070, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (2, '01m88vr5jep2jjka64f8', 1, 20, '01m88vr5stmqspn0pve5', '01m88vr5f4mw9ejscg7b', '01m88vr5f40k71m6z7k6', 'nonce-01m88vr5f4mw9ejscg7b-4', 'Good morning, everyone!', 'text/markdown', 1795593869114, NULL, NULL, NULL, NULL, NULL, 1795593869232);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (3, '01m88vr5jep2jjka64f8', 2, 15, '01m88vr5v6exedyamq76', '01m88vr5fx0tjng1sm3w', '01m88vr5fxq8krp6p4m3', 'nonce-01m88vr5fx0tjng1sm3w-1', 'Good day, alice', 'text/markdown', 1795593869158, '01m88vr5stmqspn0pve5', NULL, '["01m88vr5f4mw9ejscg7b"]', 1795593869206, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (4, '01m88vr5jep2jjka64f8', 3, 5, '01m88vr5vjag9q15qgnb', '01m88vr5gbs0m515xq35', '01m88vr5gb2rdma07y9x', 'nonce-01m88vr5gbs0m515xq35-1', 'In the thread', 'text/markdown', 1795593869170, NULL, '01m88vr5stmqspn0pve5', NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (5, '01m88vr5jep2jjka64f8', 4, 16, '01m88vr5vzfr87vxdfvz', '01m88vr5gbs0m515xq35', '01m88vr5gb2rdma07y9x', 'nonce-01m88vr5gbs0m515xq35-4', '', 'text/markdown', 1795593869183, NULL, NULL, NULL, NULL, 1795593869210, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (6, '01m88vr5jep2jjka64f8', 5, 7, '01m88vr5w0ry1twqts98', '01m88vr5fx0tjng1sm3w', '01m88vr5fxq8krp6p4m3', 'nonce-01m88vr5fx0tjng1sm3w-4', 'plain', 'text/plain', 1795593869184, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (7, '01m88vr5jep2jjka64f8', 6, 8, '01m88vr5w81esrff9h5m', '01m88vr5f4mw9ejscg7b', '01m88vr5f40k71m6z7k6', 'nonce-01m88vr5f4mw9ejscg7b-6', 'ciphertext', 'application/octet-stream', 1795593869192, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (8, '01m88vr5jep2jjka64f8', 7, 9, '01m88vr5w9y9rqhyvk2s', '01m88vr5fx0tjng1sm3w', '01m88vr5fxq8krp6p4m3', 'nonce-01m88vr5fx0tjng1sm3w-6', 'Message 0: größer, naïve, 日本語, 👍', 'text/markdown', 1795593869193, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (9, '01m88vr5jep2jjka64f8', 8, 10, '01m88vr5wa3zh9fenyk5', '01m88vr5fx0tjng1sm3w', '01m88vr5fxq8krp6p4m3', 'nonce-01m88vr5fx0tjng1sm3w-8', 'Message 1: größer, naïve, 日本語, 👍', 'text/markdown', 1795593869194, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (10, '01m88vr5jep2jjka64f8', 9, 11, '01m88vr5wbdr2y54bhde', '01m88vr5fx0tjng1sm3w', '01m88vr5fxq8krp6p4m3', 'nonce-01m88vr5fx0tjng1sm3w-10', 'Message 2: größer, naïve, 日本語, 👍', 'text/markdown', 1795593869195, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (11, '01m88vr5jep2jjka64f8', 10, 12, '01m88vr5wbqejj5gfybj', '01m88vr5fx0tjng1sm3w', '01m88vr5fxq8krp6p4m3', 'nonce-01m88vr5fx0tjng1sm3w-12', 'Message 3: größer, naïve, 日本語, 👍', 'text/markdown', 1795593869195, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (12, '01m88vr5jep2jjka64f8', 11, 13, '01m88vr5wctkhb8n36rh', '01m88vr5fx0tjng1sm3w', '01m88vr5fxq8krp6p4m3', 'nonce-01m88vr5fx0tjng1sm3w-14', 'Message 4: größer, naïve, 日本語, 👍', 'text/markdown', 1795593869196, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (13, '01m88vr5xn4wt52kyzsj', 1, 3, '01m88vr5zeyd6v0g31fg', '01m88vr5gbs0m515xq35', '01m88vr5gb2rdma07y9x', 'nonce-01m88vr5gbs0m515xq35-8', 'I was here.', 'text/markdown', 1795593869294, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "messages" ("pk", "room_id", "seq", "rev", "id", "author_id", "device_id", "nonce", "content", "content_type", "created_at", "reply_to", "thread", "mentions", "edited_at", "deleted_at", "pinned_at") VALUES (14, '01m88vr611xp5gmx4gm6', 1, 1, '01m88vr617pz9cmg4kv3', '01m88vr5f4mw9ejscg7b', '01m88vr5f40k71m6z7k6', 'nonce-01m88vr5f4mw9ejscg7b-10', 'All was said.', 'text/markdown', 1795593869351, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "meta" ("key", "value") VALUES ('epoch', '7b90c8f0a041d006');
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vr5jep2jjka64f8', 1, '👍', '01m88vr5f4mw9ejscg7b', 1795593869221);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vr5jep2jjka64f8', 1, '👍', '01m88vr5fx0tjng1sm3w', 1795593869225);
INSERT INTO "reactions" ("room_id", "seq", "reaction", "user_id", "created_at") VALUES ('01m88vr5jep2jjka64f8', 1, '🎉', '01m88vr5gbs0m515xq35', 1795593869228);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'DE2A5FFE06254FA6DD25F435AD5680C49D4BCD984FC8F33604DF1E43DD8BA64F', '01m88vr5f40k71m6z7k6', 1795593868772, 1798185868772, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'1CB7F7B4B46CF0EC2CF3B66637FD2EB0A2C1206ECBD3CD19B961C1EF327D1BCB', '01m88vr5fxq8krp6p4m3', 1795593868797, 1798185868797, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'7DDD29210B1621EDAB30755C95DD65053FACFF4CFE4FE9368E00FF0918C96D41', '01m88vr5gb2rdma07y9x', 1795593868811, 1798185868811, NULL);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'246CB79DB4DE30F1502FA8780DC3BE54F8865D2E8090A3041627FC4CCD017B89', '01m88vr5gn1c6tst73nv', 1795593868821, 1798185868821, 1795593868860);
INSERT INTO "refresh_tokens" ("token_hash", "device_id", "issued_at", "expires_at", "spent_at") VALUES (X'07056D38380E3235387789267A3E8BE95D7807AFB1C9EA649C20FD1C2170A67B', '01m88vr5gn1c6tst73nv', 1795593868860, 1798185868860, NULL);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr5jep2jjka64f8', 'General', 'general', 'All of us', 'public', 'room', '01m88vr5f4mw9ejscg7b', 1795593868878, 11, 20);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr5m1we9cd8nsg3', 'Attic', 'attlc', '', 'private', 'room', '01m88vr5f4mw9ejscg7b', 1795593868929, 1, 1);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr5xn4wt52kyzsj', 'Strict', 'strlct', '', 'public', 'room', '01m88vr5f4mw9ejscg7b', 1795593869237, 1, 3);
INSERT INTO "rooms" ("id", "name", "name_key", "topic", "visibility", "kind", "created_by", "created_at", "last_seq", "rev") VALUES ('01m88vr611xp5gmx4gm6', 'Old', 'old', '', 'public', 'room', '01m88vr5f4mw9ejscg7b', 1795593869345, 1, 1);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vr5f4mw9ejscg7b', 'alice', 'allce', 'alice', 'admin', X'243262243034246B44735372394F717A4247694F4338686D74566A72757372664F327A314B6B716B2F54614238416C4E61725961482E743274516E53', 1795593868772);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vr5fx0tjng1sm3w', 'bob', 'bob', 'bob', 'user', X'2432622430342457524A504F3067314342533875776639487A4C4B554F6A394A444A47676B41763455466B527455664F324338312E544A7978586E65', 1795593868797);
INSERT INTO "users" ("id", "username", "username_key", "display_name", "role", "password_hash", "created_at") VALUES ('01m88vr5gbs0m515xq35', 'carol', 'carol', 'Carol C.', 'user', X'243262243034246A5550773052714C7A566E67364B666B656C39376C65653744414F5364676934446C30646A306865346E6969642E4352786F304B79', 1795593868811);
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88vr5jep2jjka64f8', 2, 1795593869199, 'Good morning, @alice');
INSERT INTO "versions" ("room_id", "seq", "until", "content") VALUES ('01m88vr5jep2jjka64f8', 2, 1795593869206, 'Good morning, alice');
CREATE INDEX ix_devices_user_id ON devices (user_id);
CREATE INDEX ix_refresh_tokens_device_id ON refresh_tokens (device_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE INDEX ix_messages_room_id_author_id_seq ON messages (room_id, author_id, seq);
CREATE INDEX ix_messages_deleted ON messages (room_id, seq) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX ix_messages_thread ON messages (room_id, thread, seq) WHERE thread IS NOT NULL;
COMMIT;
