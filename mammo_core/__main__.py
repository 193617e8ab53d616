"""Run the command line: `python -m mammo_core`."""

from mammo_core.cli import main

if __name__ == "__main__":
    main()
