"""`python -m hourglass.cli`."""

from hourglass.cli.app import main

if __name__ == "__main__":
    main()
