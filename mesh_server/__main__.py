"""`python -m mesh_server`"""

from mesh_server.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
