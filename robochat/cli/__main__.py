"""`python -m robochat.cli` is `robochat`."""

from __future__ import annotations

import sys

from robochat.cli import main

if __name__ == '__main__':
    sys.exit(main())
