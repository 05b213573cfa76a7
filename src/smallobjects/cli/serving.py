"""Options and the loop of the subcommands that open a page in a browser."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from smallobjects.web.application import Application
    from smallobjects.web.guard import Guard


def address_options(port: int) -> Callable:
    """Return options that say where a tool listens, with its own port."""

    def add(command: Callable) -> Callable:
        options = (
            click.option(
                "--host",
                default="127.0.0.1",
                show_default=True,
                help="Address to listen on. Beyond loopback (0.0.0.0: on all) a token is needed, "
                "which is in the address that is printed; nothing is encrypted.",
            ),
            click.option(
                "--port",
                default=port,
                show_default=True,
                type=click.IntRange(0, 65535),
                help="0 takes any that is free. What a page could not yet send, it keeps by port.",
            ),
            click.option(
                "--allow-host",
                multiple=True,
                metavar="NAME",
                help="A further name under which the server is reached, such as that of a proxy.",
            ),
        )
        for option in reversed(options):
            command = option(command)
        return command

    return add


def serve(
    make: Callable[["Guard"], "Application"], host: str, port: int, allowed: tuple[str, ...]
) -> None:
    """Print the address and answer until Ctrl-C."""
    from smallobjects.web.serving import ServingError, open_server

    try:
        server, address = open_server(make, host, port, allowed)
    except ServingError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Open {address} (Ctrl-C ends)")
    try:
        server.serve_forever()
    finally:
        server.server_close()
