"""Alembic's scripts. `HEAD` is the newest; a start that finds it in the database loads no Alembic."""

from typing import Final

HEAD: Final = "0011"
