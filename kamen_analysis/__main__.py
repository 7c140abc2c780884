"""`python -m kamen_analysis` is `kamen`."""

import sys

from kamen_analysis.cli import main

sys.exit(main())
