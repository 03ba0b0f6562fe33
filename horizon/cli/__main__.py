"""`python -m horizon.cli`."""

from horizon.cli.app import main

main()
