//! The relations for Python: tables in by the Arrow PyCapsule interface, relations out the same way.

use crate::link::rows;
use crate::{Batch, failed};
use logtune_relations::{Error, Parts, Relation};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyError, PyValueError};
use pyo3::prelude::*;
use std::collections::{HashMap, HashSet};

create_exception!(logtune._native, Reopened, PyException);

/// Takes the tables part by part. One thread at a time uses it.
#[pyclass(module = "logtune._native")]
pub struct Relations {
    parts: Parts,
}

#[pymethods]
impl Relations {
    #[classattr]
    const ORDER: [&str; 5] = Parts::ORDER;

    #[new]
    fn new(probe_senders: Vec<String>) -> Self {
        Self { parts: Parts::new(probe_senders) }
    }

    fn feed(&mut self, table: &str, batch: &Bound<'_, PyAny>) -> PyResult<()> {
        let batch = rows(batch)?;
        self.parts.feed(table, batch).map_err(|error| told(error.into()))
    }

    fn waiting(&self) -> usize {
        self.parts.waiting()
    }

    fn make(&mut self, py: Python<'_>) -> PyResult<Made> {
        py.detach(|| self.parts.make()).map(|made| Made { made }).map_err(told)
    }

    fn finish(&mut self, py: Python<'_>) -> PyResult<(Made, Vec<i64>)> {
        py.detach(|| self.parts.finish()).map(|(made, added)| (Made { made }, added)).map_err(told)
    }
}

fn told(error: Error) -> PyErr {
    match error {
        Error::Columns(_) => PyValueError::new_err(error.to_string()),
        Error::Reopened(_) => Reopened::new_err(error.to_string()),
    }
}

/// The rows of all relations of a part, until they are let go.
#[pyclass(module = "logtune._native")]
pub struct Made {
    made: logtune_relations::Made,
}

#[pymethods]
impl Made {
    fn rows(&self) -> HashMap<&'static str, usize> {
        Relation::ALL.into_iter().map(|relation| (relation.name(), self.made.rows(relation))).collect()
    }

    #[pyo3(signature = (relation, begin, most, columns = None))]
    fn batch(
        &self,
        py: Python<'_>,
        relation: &str,
        begin: usize,
        most: usize,
        columns: Option<HashSet<String>>,
    ) -> PyResult<Batch> {
        let (relation, rows) = (known(relation)?, begin..begin.saturating_add(most));
        let wanted = |name: &str| columns.as_ref().is_none_or(|columns| columns.contains(name));
        Ok(Batch { rows: py.detach(|| self.made.batch(relation, rows, &wanted)).map_err(failed)? })
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
