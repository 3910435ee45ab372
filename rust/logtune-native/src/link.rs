//! The link pass for Python: batches in by the Arrow PyCapsule interface, columns out the same way.

use crate::{Batch, failed};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
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

/// The ordered pass. One thread at a time feeds it.
#[pyclass(module = "logtune._native")]
#[derive(Default)]
pub struct Linker {
    pass: Option<logtune_link::Linker>,
    #[pyo3(get)]
    unclosed: u64,
    #[pyo3(get)]
    uncounted: u64,
}

#[pymethods]
impl Linker {
    #[new]
    fn new() -> Self {
        Self { pass: Some(logtune_link::Linker::new()), ..Self::default() }
    }

    fn feed(&mut self, py: Python<'_>, batches: &Bound<'_, PyDict>) -> PyResult<()> {
        let pass = self.pass.as_mut().ok_or_else(finished)?;
        let batches = batches
            .iter()
            .map(|(name, batch)| Ok((name.extract::<String>()?, rows(&batch)?)))
            .collect::<PyResult<Vec<_>>>()?;
        let named: Vec<(&str, &RecordBatch)> =
            batches.iter().map(|(name, rows)| (name.as_str(), rows)).collect();
        let fed = py.detach(|| pass.feed(&named));
        (self.unclosed, self.uncounted) = (pass.unclosed(), pass.uncounted());
        fed.map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn finish(&mut self, py: Python<'_>) -> PyResult<HashMap<&'static str, HashMap<&'static str, Column>>> {
        let pass = self.pass.take().ok_or_else(finished)?;
        let links = py.detach(|| pass.finish());
        let named = |(name, values)| (name, Column { values });
        Ok(links
            .into_iter()
            .map(|(table, columns)| (table, columns.into_iter().map(named).collect()))
            .collect())
    }
}

fn finished() -> PyErr {
    PyRuntimeError::new_err("the pass is finished")
}

/// The rows of `batch`, which is ours or any other that speaks the Arrow PyCapsule interface.
fn rows(batch: &Bound<'_, PyAny>) -> PyResult<RecordBatch> {
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
