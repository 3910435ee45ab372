"""``python -m logtune``."""

from logtune.cli import main

if __name__ == "__main__":
    main()
