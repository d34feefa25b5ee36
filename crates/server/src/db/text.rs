//! Statements that are asked so often that they are written as text.
//!
//! **In**: values, in the order in which they stand in the text; what changes from call to call is a value, so that the
//! database reads each text once. **Out**: the place holders for them, in the words of the database, and the [`Statement`].
//! **What can go wrong**: what is no value comes from the code alone, never from a call: whoever writes a text sees to that.

use sea_orm::{DbBackend, Statement, Value};

/// The values of a statement on its way.
pub(crate) struct Text {
    backend: DbBackend,
    values: Vec<Value>,
}

impl Text {
    /// For a database of this kind.
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self { backend, values: Vec::new() }
    }

    /// What stands for a value in the text.
    pub(crate) fn holds(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        match self.backend {
            DbBackend::Postgres => format!("${}", self.values.len()),
            _ => "?".to_owned(),
        }
    }

    /// The statement.
    pub(crate) fn statement(self, text: String) -> Statement {
        Statement::from_sql_and_values(self.backend, text, self.values)
    }
}
