"""`python -m mesh_tui` is `mesh-tui`."""

import sys

from mesh_tui.cli import main

sys.exit(main())
