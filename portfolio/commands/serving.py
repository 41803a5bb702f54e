"""Serving, once everything it needs is seen to be there."""

from __future__ import annotations

import argparse

from portfolio.commands.installation import CannotRun, opened


def serve(arguments: argparse.Namespace) -> int:
    """Answer browsers until interrupted."""
    from portfolio import serve as server  # brings gunicorn, which no other command needs

    with opened() as place:
        place.require_schema()
        place.storage()
        settings = place.settings
    if (reason := server.why_not(arguments.host, arguments.port)) is not None:
        raise CannotRun(
            f"{arguments.host} port {arguments.port} can't be served: {reason}; choose another with --port"
        )
    server.serve(settings, host=arguments.host, port=arguments.port, with_jobs=not arguments.without_jobs)
    return 0
