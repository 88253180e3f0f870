"""What would be wrong with the files of a cluster is found."""

import pytest

from scripts.manifests import differences, faults, filled, of_compose, of_kubernetes

GOOD = {
    "MESH_PUBLIC_URL": "https://chat.example.org",
    "MESH_RTC_TURN_SECRET": "s",
    "MESH_RTC_TURN_URLS": "turn:a:1",
}


def test_what_is_put_in_place_of_variables() -> None:
    assert filled("postgresql://mesh:${POSTGRES_PASSWORD:?set it}@postgres/mesh") == (
        "postgresql://mesh:postgres-password@postgres/mesh"
    )
    assert filled("nats://mesh:$(NATS_PASSWORD)@nats:4222") == "nats://mesh:nats-password@nats:4222"
    assert filled("turn:${MESH_HOST}:3478") == "turn:mesh-host:3478"


def test_a_good_file_has_no_faults() -> None:
    assert list(faults("a", GOOD, ["mesh-server", "nats:2.12-alpine"])) == []


@pytest.mark.parametrize(
    ("told", "images", "fault"),
    [
        ({"MESH_BOSS": "x"}, [], "MESH_BOSS is no setting"),
        ({"MESH_PUBLIC_URL": "chat.example.org"}, [], "public_url"),
        ({"MESH_RTC_TURN_URLS": "turn:a:1", "MESH_RTC_TURN_SECRET": ""}, [], "go together"),
        ({}, ["nats"], "nats names no release"),
        ({}, ["nats:latest"], "nats:latest names no release"),
    ],
)
def test_each_fault_is_named(told: dict[str, str], images: list[str], fault: str) -> None:
    (found,) = faults("a", GOOD | told, images)
    assert found.startswith("a: ")
    assert fault in found


def test_both_kinds_of_file_are_read_alike() -> None:
    container = {
        "image": "mesh-server",
        "env": [
            {"name": "PASSWORD", "valueFrom": {}},
            {"name": "MESH_BUS", "value": "nats://$(PASSWORD)@nats"},
        ],
    }
    kubernetes = [
        {"kind": "ConfigMap", "metadata": {"name": "mesh-settings"}, "data": {"MESH_NAME": "a"}},
        {
            "kind": "Deployment",
            "metadata": {"name": "mesh"},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [container]}}},
        },
    ]
    node = {
        "image": "mesh-server",
        "environment": {"MESH_NAME": "a", "MESH_BUS": "nats://${PASSWORD}@nats"},
        "deploy": {"replicas": 3},
    }
    told, images, nodes = of_kubernetes(kubernetes)
    assert (told.pop("PASSWORD"), told, images, nodes) == (
        "password",
        *of_compose({"services": {"mesh": node}}),
    )


def test_a_setting_of_one_cluster_only_is_told() -> None:
    assert list(differences({"MESH_NAME": "a", "MESH_BUS": "b", "OTHER": "c"}, {"MESH_BUS": "d"})) == [
        "MESH_NAME is set in one of compose.yaml and kubernetes.yaml only."
    ]
    assert list(differences({}, {"MESH_METRICS_LISTEN": "0.0.0.0:9000"})) == []
