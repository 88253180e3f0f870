"""`mesh-server doctor`: what is wrong or soon will be, and what to do about it."""

import argparse
import os

import msgspec

from mesh_server.backups import utc_now
from mesh_server.config import Config
from mesh_server.doctor import Patient, examine

_ILL = 1


def run(config: Config, arguments: argparse.Namespace) -> int:
    """The exit code is 1 where anything is an error; a warning is none."""
    patient = Patient(config=config, file=arguments.config, env=os.environ, now=utc_now())
    found = []
    for finding in examine(patient):
        found.append(finding)
        if not arguments.json:
            print(f"{finding.level:<8} {finding.organ}: {finding.says}", flush=True)
            if finding.do:
                print(f"         {finding.do}", flush=True)
    if arguments.json:
        print(msgspec.json.encode({"findings": found}).decode())
    return _ILL if any(finding.level == "error" for finding in found) else 0
