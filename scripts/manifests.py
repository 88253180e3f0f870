"""Checks the files in deploy/cluster, which nothing here can run: Docker and Kubernetes are elsewhere.

Strategy: their own schemas first (the Compose specification's, and Kubernetes' for each kind), by the
validators that carry them; then what no schema knows: that each `MESH_*` variable is a setting and all of
them together are a configuration that `mesh-server` takes, that each image names its release, and that both
files describe the same cluster.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from mesh_server.config import Config, ConfigError
from mesh_server.configuring import load
from mesh_server.settings import settings

CLUSTER: Final = Path(__file__).resolve().parent.parent / "deploy" / "cluster"
COMPOSE: Final = CLUSTER / "compose.yaml"
KUBERNETES: Final = CLUSTER / "kubernetes.yaml"
OURS: Final = "mesh-server"
"""The image that is built here, so that it has no release to name."""

_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}|\$\((\w+)\)")
"""What Docker Compose (`${NAME}`, `${NAME:?why}`) or Kubernetes (`$(NAME)`) puts a value in place of."""

Names = dict[str, str]


def validators() -> dict[str, list[str]]:
    """The commands that hold each file to its schema."""
    programs = Path(sys.prefix, "bin")
    return {
        COMPOSE.name: [
            str(programs / "check-jsonschema"),
            "--builtin-schema",
            "vendor.compose-spec",
            str(COMPOSE),
        ],
        KUBERNETES.name: [str(programs / "kubernetes-validate"), "--strict", "--quiet", str(KUBERNETES)],
    }


def filled(text: str) -> str:
    """The text with something in place of each variable."""
    return _VARIABLE.sub(lambda found: (found[1] or found[2]).lower().replace("_", "-"), text)


def of_compose(file: Mapping[str, Any]) -> tuple[Names, list[str], int]:
    """What the nodes get to know, all images, and how many nodes there are."""
    services = file["services"]
    node = services["mesh"]
    told = {name: filled(str(value)) for name, value in node["environment"].items()}
    return told, [service["image"] for service in services.values()], node["deploy"]["replicas"]


def of_kubernetes(objects: Sequence[Mapping[str, Any]]) -> tuple[Names, list[str], int]:
    """As `of_compose`; a value from a secret is its name."""
    by_name = {(each["kind"], each["metadata"]["name"]): each for each in objects}
    pods = [each["spec"]["template"]["spec"] for each in objects if "template" in each.get("spec", {})]
    images = [container["image"] for pod in pods for container in pod["containers"]]
    node = by_name["Deployment", "mesh"]["spec"]
    (container,) = node["template"]["spec"]["containers"]
    told = dict(by_name["ConfigMap", "mesh-settings"]["data"])
    for variable in container["env"]:
        told[variable["name"]] = filled(variable.get("value", variable["name"].lower()))
    return told, images, node["replicas"]


def faults(where: str, told: Names, images: list[str]) -> Iterator[str]:
    """What is wrong with one file, a sentence each."""
    known = {setting.variable for setting in settings(Config)}
    for name in told:
        if name.startswith("MESH_") and name not in known:
            yield f"{where}: {name} is no setting of mesh-server."
    try:
        load(env=told)
    except ConfigError as error:
        yield f"{where}: {error}"
    for image in images:
        name, _, release = image.partition(":")
        if name != OURS and release in ("", "latest"):
            yield f"{where}: the image {image} names no release."


def differences(one: Names, other: Names) -> Iterator[str]:
    """Settings that one cluster has and the other has not, beside those that lie in the kind of cluster."""
    own = {"MESH_METRICS_LISTEN"}
    for name in sorted({name for name in one.keys() ^ other.keys() if name.startswith("MESH_")} - own):
        yield f"{name} is set in one of {COMPOSE.name} and {KUBERNETES.name} only."


def main() -> int:
    found: list[str] = []
    for name, command in validators().items():
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            found.append(f"{name}:\n{done.stdout}")
    composed = of_compose(yaml.safe_load(COMPOSE.read_text()))
    kubernetes = of_kubernetes(list(yaml.safe_load_all(KUBERNETES.read_text())))
    for file, (told, images, _) in ((COMPOSE, composed), (KUBERNETES, kubernetes)):
        found += faults(file.name, told, images)
    found += differences(composed[0], kubernetes[0])
    if composed[2] != kubernetes[2]:
        found.append("The two clusters differ in how many nodes they have.")
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
