"""`python -m mesh_agent`"""

from mesh_agent.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
