//! The link pass for Python: batches in by the Arrow PyCapsule interface, columns out the same way.

use crate::{Batch, failed};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use std::collections::HashMap;

/// A column for whoever speaks the Arrow PyCapsule interface, without a copy.
#[pyclass(frozen, module = "logtune._native")]
pub struct Column {
    values: ArrayRef,
}

#[pymethods]
impl Column {
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        drop(requested_schema); // a producer may give its own schema when it cannot cast
        let array = FFI_ArrowArray::new(&self.values.to_data());
        Ok((self.__arrow_c_schema__(py)?, PyCapsule::new_with_value(py, array, c"arrow_array")?))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.values.data_type());
        PyCapsule::new_with_value(py, schema.map_err(failed)?, c"arrow_schema")
    }

    fn __len__(&self) -> usize {
        self.values.len()
    }
}

type Columns = HashMap<&'static str, Column>;
type Late = Vec<(&'static str, &'static str, Column, Column)>;

/// The ordered pass. One thread at a time feeds it.
#[pyclass(module = "logtune._native")]
#[derive(Default)]
pub struct Linker {
    pass: logtune_link::Linker,
}

#[pymethods]
impl Linker {
    #[new]
    #[pyo3(signature = (kept = None))]
    fn new(kept: Option<usize>) -> Self {
        Self { pass: kept.map_or_else(logtune_link::Linker::new, logtune_link::Linker::with_kept) }
    }

    #[getter]
    fn unclosed(&self) -> u64 {
        self.pass.unclosed()
    }

    #[getter]
    fn uncounted(&self) -> u64 {
        self.pass.uncounted()
    }

    fn feed(
        &mut self,
        py: Python<'_>,
        batches: &Bound<'_, PyDict>,
    ) -> PyResult<(HashMap<&'static str, Columns>, Late)> {
        let batches = batches
            .iter()
            .map(|(name, batch)| Ok((name.extract::<String>()?, rows(&batch)?)))
            .collect::<PyResult<Vec<_>>>()?;
        let named: Vec<(&str, &RecordBatch)> =
            batches.iter().map(|(name, rows)| (name.as_str(), rows)).collect();
        let pass = &mut self.pass;
        let (links, late) =
            py.detach(|| pass.feed(&named)).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let column = |values| Column { values };
        let links = links.into_iter().map(|(table, columns)| {
            (table, columns.into_iter().map(|(name, values)| (name, column(values))).collect())
        });
        let late =
            late.into_iter().map(|(table, name, rows, values)| (table, name, column(rows), column(values)));
        Ok((links.collect(), late.collect()))
    }
}

/// The rows of `batch`, which is ours or any other that speaks the Arrow PyCapsule interface.
pub fn rows(batch: &Bound<'_, PyAny>) -> PyResult<RecordBatch> {
    if let Ok(ours) = batch.cast::<Batch>() {
        return Ok(ours.get().rows.clone());
    }
    let (schema, array): (Bound<'_, PyCapsule>, Bound<'_, PyCapsule>) =
        batch.call_method0("__arrow_c_array__")?.extract()?;
    let rows = import(&schema, &array)?;
    if rows.null_count() != 0 {
        return Err(PyValueError::new_err("a row of a batch cannot be null"));
    }
    Ok(rows.into())
}

/// The struct array behind two capsules.
#[allow(unsafe_code)]
fn import(schema: &Bound<'_, PyCapsule>, array: &Bound<'_, PyCapsule>) -> PyResult<StructArray> {
    let schema = schema.pointer_checked(Some(c"arrow_schema"))?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(c"arrow_array"))?.cast::<FFI_ArrowArray>();
    // SAFETY: capsules of these names hold these structures (the Arrow PyCapsule interface), and the caller keeps both
    // alive. `from_raw` moves the array out of its capsule and marks it as released there, so nobody frees it twice.
    // That the producer's buffers are as its schema says is the contract of the C data interface.
    let data = unsafe { from_ffi(FFI_ArrowArray::from_raw(array.as_ptr()), schema.as_ref()) };
    let data = data.map_err(|error| PyTypeError::new_err(error.to_string()))?;
    if !matches!(data.data_type(), arrow_schema::DataType::Struct(_)) {
        return Err(PyTypeError::new_err(format!("expected a record batch, not {}", data.data_type())));
    }
    Ok(StructArray::from(data))
}
