"""The verbs of the `portfolio` command."""
