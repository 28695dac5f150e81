"""`python -m proforma`."""

from proforma.cli import main

if __name__ == "__main__":
    main()
