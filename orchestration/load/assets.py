"""One asset per raw table, made from the list of sources."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg

from orchestration.load.files import find_feeds
from orchestration.load.warehouse import (
    FileResult,
    RefusedFilesError,
    SourceCount,
    connect,
    ensure_raw,
    load_files,
    source_counts,
)
from orchestration.raw.sources import SOURCES, Source
from orchestration.settings import UserError, settings

CHECK = "inbox_files_are_readable"


def inbox(source: Source) -> Path:
    """Return the folder in which files of a source arrive."""
    return settings().home / "inbox" / source.name


def raw_key(source: Source, table: str) -> dg.AssetKey:
    """Return the asset key of a raw table."""
    return dg.AssetKey(["raw", source.name, table])


def load_inbox(source: Source, dsn: str) -> tuple[list[FileResult], str | None]:
    """Land what has arrived for a source; return it, and why a file was refused.

    A file that cannot be read is no reason to hold back all the others, so it is a
    failed check and not a failed run; it is named anew by every run until it is mended
    or taken away.
    """
    folder = inbox(source)
    try:
        find_feeds(source, source.tables, [folder])
    except UserError:
        # no folder, or no file in it that is ours: an empty raw table, no error
        with closing(connect(dsn)) as conn:
            ensure_raw(conn, (source,))
            conn.commit()
        return [], None
    try:
        return load_files(dsn, source.name, [folder]), None
    except RefusedFilesError as error:
        return [], str(error)


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
        check_specs=[
            dg.AssetCheckSpec(
                name=CHECK,
                asset=raw_key(source, source.tables[0].name),
                description="Every file in the inbox of the source can be read.",
            )
        ],
    )
    def load(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        dsn = _dsn()
        before = _counts(source, dsn)
        results, refused = load_inbox(source, dsn)
        for result in results:
            if result.extra_columns:
                context.log.warning(
                    f"{result.file}: new columns {', '.join(result.extra_columns)}"
                    " are kept in _extra"
                )
        yield from _report(source, before, _counts(source, dsn))
        yield dg.AssetCheckResult(
            check_name=CHECK,
            asset_key=raw_key(source, source.tables[0].name),
            passed=refused is None,
            description=refused,
        )

    return load


def _counts(source: Source, dsn: str) -> dict[str, SourceCount]:
    """Return what has landed for each table of a source."""
    with closing(connect(dsn)) as conn:
        return {c.table: c for c in source_counts(conn) if c.source == source.name}


def _report(
    source: Source, before: dict[str, SourceCount], after: dict[str, SourceCount]
) -> Iterator[dg.MaterializeResult]:
    for table in source.tables:
        old, new = before[table.name], after[table.name]
        yield dg.MaterializeResult(
            asset_key=raw_key(source, table.name),
            metadata={
                "dagster/row_count": new.rows - old.rows,
                "unreadable": new.unreadable - old.unreadable,
                "files": new.batches - old.batches,
                "total_rows": new.rows,
                "total_unreadable": new.unreadable,
            },
        )


def _dsn() -> str:
    # here and not above: the server may be started after the definitions are read
    from orchestration.database.connections import dsn

    return dsn()


raw_assets: list[dg.AssetsDefinition] = [_asset(source) for source in SOURCES.values()]
