"""The command line: one file per command, each with `add_to(subparsers)` and `run(arguments)`."""
