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
	CONSTRAINT fk_messages_device_id FOREIGN KEY(device_id) REFERENCES devices (id), 
	CONSTRAINT fk_messages_room_id FOREIGN KEY(room_id) REFERENCES rooms (id), 
	CONSTRAINT uq_messages_room_id_seq UNIQUE (room_id, seq), 
	CONSTRAINT uq_messages_room_id_device_id_nonce UNIQUE (room_id, device_id, nonce), 
	CONSTRAINT fk_messages_author_id FOREIGN KEY(author_id) REFERENCES users (id)
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

CREATE INDEX ix_messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;

CREATE INDEX ix_messages_thread ON messages (room_id, thread, seq) WHERE thread IS NOT NULL;

CREATE INDEX ix_messages_deleted ON messages (room_id, seq) WHERE deleted_at IS NOT NULL;

CREATE UNIQUE INDEX ix_messages_changed ON messages (room_id, rev) WHERE changed = 1;

INSERT INTO "alembic_version" ("version_num") VALUES ('0011')
