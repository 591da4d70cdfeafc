"""The command that lands streams."""

import logging

import click

from orchestration.settings import Broker, broker, settings


@click.command()
@click.option(
    "--http", "http_port", type=click.IntRange(0, 65535), help="Port of the endpoint."
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address that the endpoint binds to; put a proxy with TLS before others.",
)
@click.option("--nats", "nats_url", help="NATS server; else FRONTDESK_NATS_URL.")
@click.option(
    "--kafka", "kafka_address", help="HOST:PORT of a broker; else FRONTDESK_KAFKA_URL."
)
@click.option(
    "--max-body",
    "body_bytes",
    type=click.IntRange(1),
    default=5 << 20,
    show_default=True,
    help="Largest body of a request, in bytes.",
)
def listen(
    http_port: int | None,
    host: str,
    nats_url: str | None,
    kafka_address: str | None,
    body_bytes: int,
) -> None:
    """Land events of online channels, each once, until told to stop.

    A request is signed with the secret of its source: the text of
    FRONTDESK_EVENTS_<SOURCE>_SECRET, or the file secrets/events-<source> of the state
    folder, which is made up when it is missing. It is answered with 202 once what it
    said is committed.

    \b
    Examples:
      frontdesk listen --http 8787
      frontdesk listen --http 8787 --nats nats://127.0.0.1:4222
      FRONTDESK_KAFKA_USER=... frontdesk listen --kafka broker:9092
    """
    from orchestration.live.landing import service

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    service.listen(
        service.Options(
            settings=settings(),
            http_port=http_port,
            host=host,
            nats=_broker("nats", nats_url),
            kafka=_broker("kafka", kafka_address),
            body_bytes=body_bytes,
        ),
        click.echo,
    )


def _broker(kind: str, address: str | None) -> Broker | None:
    """Return where a broker is and who we are there; None when nobody names one."""
    from dataclasses import replace

    known = broker(kind)
    chosen = replace(known, address=address or known.address)
    return chosen if chosen.address else None
