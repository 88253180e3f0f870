"""`mesh-server restore`: a backup in the place of the data, which is kept aside."""

import argparse

import msgspec

from mesh_server.backups import BackupError, read_backup, restore_backup, utc_now
from mesh_server.config import Config
from mesh_server.errors import CannotStart
from mesh_server.store.folder import DataFolderInUse, DataFolderLock


def run(config: Config, arguments: argparse.Namespace) -> int:
    """Raises: CannotStart."""
    try:
        if arguments.verify:
            manifest = read_backup(arguments.source)
            print(f"The backup {arguments.source} of {manifest.made_at} is whole.")
            return 0
        config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = DataFolderLock(config.folder)
        try:
            restored = restore_backup(arguments.source, config.folder, utc_now())
        finally:
            lock.release()
    except (BackupError, DataFolderInUse) as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"The data folder {config.folder} cannot be used: {error.strerror}.") from None
    if arguments.json:
        print(msgspec.json.encode(restored).decode())
        return 0
    messages = restored.manifest.contents.rows.get("messages", 0)
    print(f"Restored the backup of {restored.manifest.made_at}, {messages} messages, to {config.folder}.")
    if restored.kept:
        print(f"What was there before is in {restored.kept}; delete it once you do not need it.")
    print("Start the server again. Clients fetch everything anew, and some people have to sign in again.")
    return 0
