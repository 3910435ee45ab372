"""Arrow tables as pandas data frames in which whole numbers stay whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd


def data_frame(table: pa.Table) -> pd.DataFrame:
    """*table* for pandas, in which ids stay whole numbers where some are missing, and sums are numbers."""
    import pandas as pd

    for index, column in enumerate(table.schema):
        if column.type == pa.decimal128(38):  # what DuckDB's sum of whole numbers comes as: it adds in 128 bits
            table = table.set_column(index, column.name, _number(table.column(index)))
    types = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.int16(): pd.Int16Dtype()}
    return table.to_pandas(types_mapper=types.get)


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:  # beyond 64 bits
        return column.cast(pa.float64())
