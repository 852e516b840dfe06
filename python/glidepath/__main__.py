"""``python -m glidepath`` is the command ``glidepath``."""

from glidepath._launch import main

if __name__ == "__main__":
    main()
