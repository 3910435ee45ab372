//! The relations for Python: tables in by the Arrow PyCapsule interface, relations out the same way.

use crate::link::rows;
use crate::{Batch, failed};
use logtune_relations::Relation;
use pyo3::exceptions::{PyKeyError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use std::collections::HashMap;

/// Takes the tables, one after another. One thread at a time uses it.
#[pyclass(module = "logtune._native")]
pub struct Relations {
    /// Nothing once the relations are made.
    taken: Option<logtune_relations::Relations>,
}

#[pymethods]
impl Relations {
    #[classattr]
    const ORDER: [&str; 5] = logtune_relations::Relations::ORDER;

    #[new]
    fn new(probe_senders: Vec<String>) -> Self {
        Self { taken: Some(logtune_relations::Relations::new(probe_senders)) }
    }

    fn feed(&mut self, py: Python<'_>, table: &str, batch: &Bound<'_, PyAny>) -> PyResult<()> {
        let batch = rows(batch)?;
        let taken = self.taken.as_mut().ok_or_else(over)?;
        py.detach(|| taken.feed(table, &batch)).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn make(&mut self, py: Python<'_>) -> PyResult<Made> {
        let taken = self.taken.take().ok_or_else(over)?;
        Ok(Made { made: py.detach(|| taken.make()) })
    }
}

fn over() -> PyErr {
    PyRuntimeError::new_err("the relations are made already")
}

/// The rows of all relations, until they are let go.
#[pyclass(module = "logtune._native")]
pub struct Made {
    made: logtune_relations::Made,
}

#[pymethods]
impl Made {
    fn rows(&self) -> HashMap<&'static str, usize> {
        Relation::ALL.into_iter().map(|relation| (relation.name(), self.made.rows(relation))).collect()
    }

    fn batch(&self, py: Python<'_>, relation: &str, begin: usize, most: usize) -> PyResult<Batch> {
        let (relation, rows) = (known(relation)?, begin..begin.saturating_add(most));
        Ok(Batch { rows: py.detach(|| self.made.batch(relation, rows)).map_err(failed)? })
    }

    fn forget(&mut self, relation: &str) -> PyResult<()> {
        self.made.forget(known(relation)?);
        Ok(())
    }
}

fn known(relation: &str) -> PyResult<Relation> {
    let known = Relation::ALL.into_iter().find(|known| known.name() == relation);
    known.ok_or_else(|| PyKeyError::new_err(relation.to_owned()))
}
