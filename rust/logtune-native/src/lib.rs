//! `logtune._native`: the native core for Python. `logtune/_native.pyi` documents what it gives.

#![deny(unsafe_code)] // but for the import of batches, see link.rs

mod link;
mod relations;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::{Array, RecordBatch, StructArray};
use logtune_parse::BLOCK_LIMIT;
use logtune_parse::programs::{self, Tag, Tags};
use logtune_parse::tables::Columns;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};
use std::collections::{HashMap, HashSet};

/// A record batch for whoever speaks the Arrow PyCapsule interface, without a copy.
#[pyclass(frozen, module = "logtune._native")]
struct Batch {
    rows: RecordBatch,
}

#[pymethods]
impl Batch {
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        drop(requested_schema); // a producer may give its own schema when it cannot cast
        let array = FFI_ArrowArray::new(&StructArray::from(self.rows.clone()).to_data());
        Ok((self.__arrow_c_schema__(py)?, PyCapsule::new_with_value(py, array, c"arrow_array")?))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.rows.schema().as_ref());
        PyCapsule::new_with_value(py, schema.map_err(failed)?, c"arrow_schema")
    }

    fn __len__(&self) -> usize {
        self.rows.num_rows()
    }
}

fn failed(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

type TagParts = (String, Option<String>, String);
type Accounts = (u64, u64, u64, u64, u64);

#[pyfunction]
#[pyo3(signature = (block, base_position, columns = None, tags = None))]
fn parse_block(
    py: Python<'_>,
    block: &Bound<'_, PyBytes>,
    base_position: i64,
    columns: Option<HashMap<String, Vec<String>>>,
    tags: Option<HashMap<String, TagParts>>,
) -> PyResult<(HashMap<&'static str, Batch>, Accounts)> {
    let bytes = block.as_bytes();
    if bytes.len() > BLOCK_LIMIT {
        return Err(PyValueError::new_err("the block is too large"));
    }
    let columns: Option<Columns> =
        columns.map(|all| all.into_iter().map(|(table, names)| (table, HashSet::from_iter(names))).collect());
    let tags: Option<Tags> = tags.map(|all| {
        let tag = |(instance, service, daemon)| Tag { instance, service, daemon };
        all.into_iter().map(|(name, parts)| (name, tag(parts))).collect()
    });
    let parsed = py
        .detach(|| logtune_parse::parse_block(bytes, base_position, columns.as_ref(), tags.as_ref()))
        .map_err(failed)?;
    let batches = parsed.batches.into_iter().map(|(table, rows)| (table, Batch { rows })).collect();
    let counts = parsed.counts;
    Ok((batches, (counts.lines, counts.recognised, counts.unrecognised, counts.blank, counts.not_postfix)))
}

type Names = Vec<&'static str>;
type NameMap = HashMap<&'static str, &'static str>;

/// What this core takes tags for: the tables of `logtune.postfix.families`, which a test compares.
#[pyfunction]
fn programs_known() -> (NameMap, Names, NameMap, Names, Names) {
    let unslashed =
        programs::FAMILIES.iter().map(|(name, _)| *name).filter(|name| programs::is_unslashed(name));
    (
        HashMap::from(programs::FAMILIES),
        unslashed.collect(),
        HashMap::from(programs::FILTERS),
        programs::FOREIGN_OWNERS.to_vec(),
        programs::SYSLOGS.to_vec(),
    )
}

#[pymodule]
mod _native {
    #[pymodule_export]
    const BLOCK_LIMIT: usize = super::BLOCK_LIMIT;

    #[pymodule_export]
    use super::link::{Column, Linker};

    #[pymodule_export]
    use super::relations::{Made, Relations, Reopened};

    #[pymodule_export]
    use super::{Batch, parse_block, programs_known};
}
