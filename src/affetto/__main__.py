"""`python -m affetto`: the same as the command `affetto`."""

import sys

from affetto.cli import main

if __name__ == "__main__":  # the processes of a pool import this file, too
    sys.exit(main())
