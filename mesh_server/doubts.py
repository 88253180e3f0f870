"""Settings that are valid and may still be a mistake: what an operator should think about once."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from mesh_server import settings
from mesh_server.config import Config, address_of, is_loopback
from mesh_server.settings import PREFIX, SECRET, SECRET_FILE


def doubts(config: Config, file: Path | None, env: Mapping[str, str]) -> list[str]:
    """A sentence or two each, with what to do."""
    return [
        *_unknown_variables(env),
        *_reach(config),
        *_secrets(config, file),
        *_folder(config.folder),
    ]


def _unknown_variables(env: Mapping[str, str]) -> Iterator[str]:
    known = {setting.variable for setting in settings.settings(Config)}
    for variable in sorted(name for name in env if name.startswith(PREFIX)):
        if variable not in known:
            yield f"The variable {variable} is no setting and does nothing; look for a typo."


def _reach(config: Config) -> Iterator[str]:
    if not (config.is_loopback or config.tls.certificate or config.trusted_proxies):
        yield (
            f"The server listens on {config.listen} in plain HTTP: passwords and messages can be read on the "
            "way. Set tls.certificate and tls.key, or name the proxy with TLS before it in trusted_proxies."
        )
    if not config.is_loopback and config.registration_mode == "open":
        yield "Anyone who reaches the server may make an account. Set registration to invite or closed."
    if config.metrics.listen:
        host, _ = address_of("metrics.listen", config.metrics.listen)
        if not is_loopback(host):
            yield f"Anyone who reaches {config.metrics.listen} can read the metrics. Keep it from strangers."
    elif not config.is_loopback:
        yield "Anyone can read /metrics where clients come. Set metrics.listen, say to 127.0.0.1:9100."


def _secrets(config: Config, file: Path | None) -> Iterator[str]:
    files = []
    holds_secret = any(s.is_marked(SECRET) and s.of(config) for s in settings.settings(Config))
    if file is not None and holds_secret:
        files.append(file)
    files += [
        Path(str(setting.of(config)))
        for setting in settings.settings(Config)
        if setting.is_marked(SECRET_FILE) and setting.of(config)
    ]
    for secret in files:
        if readers := who_else_reads(secret):
            yield f"The file {secret} holds a secret, and {readers} can read it. Run: chmod 600 {secret}"


def _folder(folder: Path) -> Iterator[str]:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        yield f"The data folder {folder} cannot be looked at: {error.strerror}."
        return
    if not stat.S_ISDIR(found.st_mode):
        yield f"The data folder {folder} is not a folder."
        return
    if readers := who_else_reads(folder):
        yield f"The data folder {folder} is open to others ({readers}). Run: chmod 700 {folder}"
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield f"This account cannot write to the data folder {folder}. Run the check as the server's account."


def who_else_reads(path: Path) -> str:
    """Who besides its owner can read or write a file or folder; empty where nobody can."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        return "every account of this machine"
    return "its group" if mode & (stat.S_IRGRP | stat.S_IWGRP) else ""
