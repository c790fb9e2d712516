"""`python -m linocut` is the command line."""

import sys

from linocut.cli import main

sys.exit(main())
