"""Run the terminal face: ``python -m cptfacet``."""

from cptfacet.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
