"""`python -m loadtests` is `estorm`."""

from loadtests.entry import main

if __name__ == "__main__":
    main()
