"""Settings from a file, from the environment and from flags, the later ones winning; typos are refused."""

from pathlib import Path

import pytest

from mesh_server.config import Config, ConfigError, Tls
from mesh_server.configuring import load


def test_without_anything_the_defaults_hold() -> None:
    assert load(env={}) == Config()


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mesh.toml"
    file.write_text('listen = "127.0.0.1:1"\nname = "File"\nlog_level = "error"\n')
    config = load(file, env={"MESH_LISTEN": "127.0.0.1:2", "MESH_NAME": "Env"}, flags={"name": "Flag"})
    assert (config.listen, config.name, config.log_level) == ("127.0.0.1:2", "Flag", "error")


def test_a_section_is_a_table_in_the_file_and_a_prefix_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "mesh.toml"
    file.write_text('[tls]\ncertificate = "a.pem"\nkey = "a.key"\n')
    assert load(file, env={"MESH_TLS_KEY": "b.key"}).tls == Tls(certificate="a.pem", key="b.key")


def test_limits_and_proxies_come_from_the_environment_too() -> None:
    env = {
        "MESH_LIMITS_ENABLED": "false",
        "MESH_LIMITS_SEND": "5/s",
        "MESH_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
    }
    config = load(env=env)
    assert (config.limits.enabled, config.limits.send) == (False, "5/s")
    assert [str(network) for network in config.proxies] == ["10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lisen = '127.0.0.1:1'", "lisen"),
        ("[tls]\ncertificat = 'a'", "certificat"),
        ("[tls]\ncertificate = 'a'", "tls.key"),
        ("heartbeat_s = 'often'", "heartbeat_s"),
        ("listen = 'here'", "HOST:PORT"),
        ("[metrics]\nlisten = 'here'", "metrics.listen is HOST:PORT"),
        ("public_url = 'chat.example.org'", "public_url is an address"),
        ("public_url = 'https://chat.example.org/mesh'", "public_url is an address"),
        ("bus = '127.0.0.1:4222'", "bus is an address"),
        ("bus = 'nats://127.0.0.1:4222,http://example.org'", "bus is an address"),
        ("[audit]\nkeep_days = 0", "audit.keep_days"),
        ("listen =", "TOML"),
        ("trusted_proxies = ['10.0.0.1/8']", "trusted_proxies: '10.0.0.1/8'"),
        ("[limits]\nsend = 'often'", "limits.send: 'often'"),
        ("[limits]\nbody_bytes = 1000000000", "limits.body_bytes"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(tmp_path: Path, text: str, names: str) -> None:
    file = tmp_path / "mesh.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=names):
        load(file, env={})
