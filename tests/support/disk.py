"""A disk that fills up: really, on a small file system, or by a limit on the size of files."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def full_disk(pid: int) -> Iterator[None]:
    """No file that the process writes can grow, as when the disk is full."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


class NoSmallDisk(Exception):
    """This machine does not let us mount one."""


class SmallDisk:
    """A file system of its own, of a few megabytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resize(self, kib: int) -> None:
        options = f"remount,size={kib}k"
        subprocess.run(["mount", "-o", options, self.folder], check=True, capture_output=True)

    @property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.folder).free


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[SmallDisk]:
    """Mounts one on `folder`. Raises: NoSmallDisk."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        raise NoSmallDisk
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        raise NoSmallDisk
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)
