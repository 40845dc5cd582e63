"""`python -m tapeql` is the `tapeql` command."""

from tapeql.shell.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
