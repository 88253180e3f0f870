"""`mesh-server` on a disk that can be made to hang: `python -m tests.support.hung_disk`, arguments as ever.

While the file that MESH_TEST_HANG names is there, no write is committed: the thread that does it waits in a
system call, and can be neither cancelled nor interrupted, just as in an fsync that never ends.
"""

import os
import sys
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from mesh_server.cli import main


@event.listens_for(sa.Engine, "commit")
def _hang(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    if writes and Path(os.environ["MESH_TEST_HANG"]).exists():
        nobody_writes, _ = os.pipe()
        os.read(nobody_writes, 1)


if __name__ == "__main__":
    sys.exit(main())
