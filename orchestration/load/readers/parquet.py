"""Reads Parquet files."""

from collections.abc import Iterator

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.load.readers.base import CHUNK_ROWS, Reading
from orchestration.load.readers.xlsx import seekable
from orchestration.raw.rows import Chunk, shorten


def read(reading: Reading) -> Iterator[Chunk]:
    """Yield the rows of a Parquet file, in batches of bounded size."""
    try:
        file = pq.ParquetFile(pa.PythonFile(seekable(reading.stream), mode="r"))
        names = file.schema_arrow.names
        extras = reading.check_fields(names)
        done = 0
        for batch in file.iter_batches(CHUNK_ROWS):
            yield _chunk(reading, batch, extras, done)
            done += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise reading.refuse(f"this is no Parquet file ({reason})") from error


def _chunk(
    reading: Reading, batch: pa.RecordBatch, extras: tuple[str, ...], done: int
) -> Chunk:
    fields = {
        name: column.dictionary_decode()
        if pa.types.is_dictionary(column.type)
        else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }

    def raw_text(index: int) -> str:
        row = {name: column[index].as_py() for name, column in fields.items()}
        return shorten(orjson.dumps(row, default=str).decode())

    rows = np.arange(done + 1, done + batch.num_rows + 1)
    return Chunk(reading.path, fields, rows, raw_text, extras)
