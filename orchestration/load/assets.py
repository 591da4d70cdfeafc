"""One asset per raw table, made from the list of sources."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg

from orchestration.load.files import find_feeds
from orchestration.load.sources import SOURCES, Source
from orchestration.load.warehouse import (
    FileResult,
    connect,
    ensure_raw,
    load_files,
    source_counts,
)
from orchestration.settings import UserError, settings


def inbox(source: Source) -> Path:
    """Return the folder in which files of a source arrive."""
    return settings().home / "inbox" / source.name


def raw_key(source: Source, table: str) -> dg.AssetKey:
    """Return the asset key of a raw table."""
    return dg.AssetKey(["raw", source.name, table])


def load_inbox(source: Source, dsn: str) -> list[FileResult]:
    """Land what has arrived for a source; nothing when nothing has."""
    folder = inbox(source)
    try:
        find_feeds(source, source.tables, [folder])
    except UserError:
        # no folder, or no file in it that is ours: an empty raw table, no error
        with closing(connect(dsn)) as conn:
            ensure_raw(conn, (source,))
            conn.commit()
        return []
    return load_files(dsn, source.name, [folder])


def _asset(source: Source) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"raw_{source.name}",
        specs=[
            dg.AssetSpec(
                key=raw_key(source, table.name),
                group_name="raw",
                description=f"{table.description}\n\n{source.description}",
                kinds={"postgres"},
                metadata={"dagster/table_name": f"{source.schema}.{table.name}"},
            )
            for table in source.tables
        ],
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        dsn = _dsn()
        results = load_inbox(source, dsn)
        for result in results:
            if result.extra_columns:
                context.log.warning(
                    f"{result.file}: new columns {', '.join(result.extra_columns)}"
                    " are kept in _extra"
                )
        yield from _report(source, dsn, results)

    return load


def _report(
    source: Source, dsn: str, results: list[FileResult]
) -> Iterator[dg.MaterializeResult]:
    with closing(connect(dsn)) as conn:
        counts = {c.table: c for c in source_counts(conn) if c.source == source.name}
    for table in source.tables:
        mine = [result for result in results if result.table == table.name]
        yield dg.MaterializeResult(
            asset_key=raw_key(source, table.name),
            metadata={
                "dagster/row_count": sum(result.rows for result in mine),
                "unreadable": sum(result.unreadable for result in mine),
                "files": sum(not result.already_loaded for result in mine),
                "total_rows": counts[table.name].rows,
                "total_unreadable": counts[table.name].unreadable,
            },
        )


def _dsn() -> str:
    # here and not above: the server may be started after the definitions are read
    from orchestration.database.connections import dsn

    return dsn()


raw_assets: list[dg.AssetsDefinition] = [_asset(source) for source in SOURCES.values()]
