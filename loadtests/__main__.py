"""`python -m loadtests` is `estorm`."""

from loadtests.cli import main

if __name__ == "__main__":
    main()
