"""`affetto serve`: the HTTP API, until Ctrl-C."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from affetto.cli.options import COUNT, Verb, bundle_option, db_option, positive, say


@click.command(cls=Verb)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; 0.0.0.0 or :: lets other computers in.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8765,
    show_default=True,
    help="0 takes a free one.",
)
@db_option
@bundle_option
@click.option(
    "--max-upload-mb",
    type=float,
    default=200.0,
    show_default=True,
    callback=positive,
    metavar="MB",
    help="The largest file that is taken.",
)
@click.option(
    "--max-minutes",
    type=float,
    default=240.0,
    show_default=True,
    callback=positive,
    metavar="MINUTES",
    help="The longest song that is taken.",
)
@click.option(
    "--time-limit-s",
    type=float,
    default=600.0,
    show_default=True,
    callback=positive,
    metavar="SECONDS",
    help="Give up on a song after this time.",
)
@click.option(
    "--jobs",
    type=COUNT,
    metavar="N",
    help="Processes that score; by default one a core. They let everything else go first.",
)
@click.option(
    "--queue",
    "queue_size",
    type=click.IntRange(min=0),
    default=16,
    show_default=True,
    metavar="N",
    help="Songs that may wait for a process; more are refused.",
)
@click.option(
    "--token",
    envvar="AFFETTO_TOKEN",
    metavar="TOKEN",
    help="What clients must send; also as the environment variable AFFETTO_TOKEN. By default"
    " none is needed on this computer, and one is made up and printed for others.",
)
@click.option("--no-auth", is_flag=True, help="Let everybody in who can reach the address.")
@click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin call, such as https://example.org; repeatable.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="A further name by which the server is called, such as that of a proxy; repeatable.",
)
@click.option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
def serve(
    host: str,
    port: int,
    db: Path | None,
    bundle: str,
    max_upload_mb: float,
    max_minutes: float,
    time_limit_s: float,
    jobs: int | None,
    queue_size: int,
    token: str | None,
    no_auth: bool,
    cors: tuple[str, ...],
    allow_hosts: tuple[str, ...],
    is_opened: bool,
) -> None:
    """Serve the HTTP API on this computer, until Ctrl-C.

    What is being scored then is finished; a second Ctrl-C does not wait for it.
    """
    from affetto.service import Settings, run
    from affetto.service.settings import MB, is_loopback, new_token
    from affetto.workers import n_cores

    is_made_up = token is None and not no_auth and not is_loopback(host)
    settings = Settings(
        host=host,
        port=port,
        db=db,
        bundle=bundle,
        jobs=jobs or n_cores(),
        queue_size=queue_size,
        max_upload_bytes=max(1, round(max_upload_mb * MB)),
        max_duration_s=60 * max_minutes,
        time_limit_s=time_limit_s,
        token=new_token() if is_made_up else token,
        no_auth=no_auth,
        cors=cors,
        allow_hosts=allow_hosts,
    )

    def tell(address: str) -> None:
        say(f"serving on {address}", "Ctrl-C stops it")
        if is_made_up:
            say(f"clients must send this token: {settings.token}")
        if no_auth and not is_loopback(host):
            say("everybody who can reach this address may use it")
        if is_opened:
            import webbrowser

            webbrowser.open(address)

    with contextlib.suppress(KeyboardInterrupt):  # which is how a server ends
        run(settings, tell)
    say("stopped")
