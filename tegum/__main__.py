"""`python -m tegum` is the command `tegum`."""

import sys

from tegum.cli import main

sys.exit(main())
