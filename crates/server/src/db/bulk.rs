//! Many rows at once, past the entities: as fast as either database takes them.
//!
//! **In**: a table's columns, each as a list. **Out**: the rows that were new; those whose key is taken are left as they
//! are. **What can go wrong**: the database fails, or lists differ in length: the transaction is undone.
//!
//! PostgreSQL gets one array for each column, or a COPY; SQLite gets as many rows a statement as it takes values.

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::SqliteArguments;
use sea_orm::sqlx::{self, AssertSqlSafe, Postgres, Sqlite, Transaction};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, RuntimeErr};
use uuid::Uuid;

/// Values of one SQLite statement; it takes 32,766.
const VALUES: usize = 30_000;
/// What begins and ends PostgreSQL's binary COPY.
const COPY_BEGINS: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const COPY_ENDS: &[u8] = &[0xff, 0xff];
/// Bytes handed to a COPY at once.
const COPY_PIECE: usize = 1 << 18;

/// A transaction in which many rows are written at once.
#[derive(Debug)]
pub(crate) enum Bulk {
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
}

/// A column of many rows.
#[derive(Debug)]
pub(crate) enum Column {
    /// Identifiers.
    Ids(Vec<Uuid>),
    /// Identifiers, where there are any.
    SomeIds(Vec<Option<Uuid>>),
    /// Numbers.
    Numbers(Vec<i64>),
    /// Numbers, where there are any.
    SomeNumbers(Vec<Option<i64>>),
    /// Words.
    Texts(Vec<String>),
    /// Bytes.
    Bytes(Vec<Vec<u8>>),
    /// The same word in every row.
    EachText(String),
    /// The same number in every row.
    EachNumber(i64),
    /// The same identifier in every row.
    EachId(Uuid),
}

impl Bulk {
    /// Begins. On SQLite others wait until it ends.
    pub(super) async fn begin(database: &DatabaseConnection) -> Result<Self, DbErr> {
        Ok(match database.get_database_backend() {
            DbBackend::Postgres => {
                Self::Postgres(database.get_postgres_connection_pool().begin().await.map_err(failed)?)
            }
            _ => {
                let pool = database.get_sqlite_connection_pool();
                Self::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?)
            }
        })
    }

    /// Makes everything durable.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(tx) => tx.commit().await,
            Self::Sqlite(tx) => tx.commit().await,
        }
        .map_err(failed)
    }

    /// Which database it is.
    pub(crate) fn backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    /// Does a statement without values; how many rows it touched. It must not be made of what came from outside.
    pub(crate) async fn execute(&mut self, sql: String) -> Result<u64, DbErr> {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Postgres(tx) => {
                sqlx::query(sql).persistent(false).execute(&mut **tx).await.map(|r| r.rows_affected())
            }
            Self::Sqlite(tx) => sqlx::query(sql).persistent(false).execute(&mut **tx).await.map(|r| r.rows_affected()),
        }
        .map_err(failed)
    }

    /// The one number that a question is answered with. It must not be made of what came from outside.
    pub(crate) async fn number(&mut self, sql: String) -> Result<i64, DbErr> {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Postgres(tx) => sqlx::query_scalar(sql).persistent(false).fetch_one(&mut **tx).await,
            Self::Sqlite(tx) => sqlx::query_scalar(sql).persistent(false).fetch_one(&mut **tx).await,
        }
        .map_err(failed)
    }

    /// Writes rows of which none is there: nobody else can be writing them. Faster than [`Bulk::insert`], and fails where
    /// one is.
    pub(crate) async fn insert_new(&mut self, table: &str, columns: &[(&str, Column)]) -> Result<(), DbErr> {
        let Self::Postgres(tx) = self else { return self.insert(table, columns).await.map(drop) };
        let rows = rows_of(table, columns)?;
        let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let mut copy = Copy::begin(tx, &format!("{table} ({names})")).await?;
        for row in 0..rows {
            copy.row_of(columns, row).await?;
        }
        copy.finish().await.map(drop)
    }

    /// Writes rows; how many were new.
    pub(crate) async fn insert(&mut self, table: &str, columns: &[(&str, Column)]) -> Result<u64, DbErr> {
        let rows = rows_of(table, columns)?;
        if rows == 0 {
            return Ok(0);
        }
        let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let into = format!("INSERT INTO {table} ({names})");
        match self {
            Self::Postgres(tx) => insert_postgres(tx, &into, columns).await,
            Self::Sqlite(tx) => insert_sqlite(tx, &into, columns, rows).await,
        }
        .map_err(failed)
    }
}

/// Hands rows to PostgreSQL's COPY.
pub(crate) struct Copy<'a> {
    into: sqlx::postgres::PgCopyIn<&'a mut sqlx::PgConnection>,
    piece: Vec<u8>,
}

impl<'a> Copy<'a> {
    /// Begins to fill a table, or those of its columns that are named behind it; each is given for every row.
    pub(crate) async fn begin(tx: &'a mut Transaction<'static, Postgres>, table: &str) -> Result<Self, DbErr> {
        let statement = format!("COPY {table} FROM STDIN (FORMAT binary)");
        let into = (**tx).copy_in_raw(&statement).await.map_err(failed)?;
        Ok(Self { into, piece: COPY_BEGINS.to_vec() })
    }

    /// Adds a row.
    pub(crate) async fn row(&mut self, fields: &[&[u8]]) -> Result<(), DbErr> {
        self.fields(fields.len());
        for field in fields {
            self.field(Some(field))?;
        }
        self.send_on().await
    }

    /// Adds the row at a place in lists of columns.
    async fn row_of(&mut self, columns: &[(&str, Column)], row: usize) -> Result<(), DbErr> {
        self.fields(columns.len());
        for (_, column) in columns {
            match column {
                Column::Ids(list) => self.field(list.get(row).map(|id| id.as_bytes().as_slice()))?,
                Column::SomeIds(list) => {
                    self.field(list.get(row).and_then(Option::as_ref).map(|id| id.as_bytes().as_slice()))?;
                }
                Column::Numbers(list) => {
                    self.field(list.get(row).map(|number| number.to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice))?
                }
                Column::SomeNumbers(list) => {
                    let number = list.get(row).copied().flatten().map(i64::to_be_bytes);
                    self.field(number.as_ref().map(<[u8; 8]>::as_slice))?;
                }
                Column::Texts(list) => self.field(list.get(row).map(String::as_bytes))?,
                Column::Bytes(list) => self.field(list.get(row).map(Vec::as_slice))?,
                Column::EachText(text) => self.field(Some(text.as_bytes()))?,
                Column::EachNumber(number) => self.field(Some(&number.to_be_bytes()))?,
                Column::EachId(id) => self.field(Some(id.as_bytes()))?,
            }
        }
        self.send_on().await
    }

    fn fields(&mut self, count: usize) {
        let count = i16::try_from(count).unwrap_or(i16::MAX);
        self.piece.extend_from_slice(&count.to_be_bytes());
    }

    /// Adds a value, or that there is none.
    fn field(&mut self, value: Option<&[u8]>) -> Result<(), DbErr> {
        let length = value.map_or(Ok(-1), |value| i32::try_from(value.len()));
        let length = length.map_err(|_| DbErr::Custom("a value is too long".into()))?;
        self.piece.extend_from_slice(&length.to_be_bytes());
        self.piece.extend_from_slice(value.unwrap_or_default());
        Ok(())
    }

    async fn send_on(&mut self) -> Result<(), DbErr> {
        if self.piece.len() >= COPY_PIECE {
            self.into.send(self.piece.as_slice()).await.map_err(failed)?;
            self.piece.clear();
        }
        Ok(())
    }

    /// Ends; how many rows there were.
    pub(crate) async fn finish(mut self) -> Result<u64, DbErr> {
        self.piece.extend_from_slice(COPY_ENDS);
        self.into.send(self.piece.as_slice()).await.map_err(failed)?;
        self.into.finish().await.map_err(failed)
    }
}

/// How many rows there are in lists, all of one length.
fn rows_of(table: &str, columns: &[(&str, Column)]) -> Result<usize, DbErr> {
    let rows = columns.iter().filter_map(|(_, column)| column.rows()).max().unwrap_or(0);
    if columns.iter().filter_map(|(_, column)| column.rows()).any(|other| other != rows) {
        return Err(DbErr::Custom(format!("columns of {table} differ in length")));
    }
    Ok(rows)
}

impl Column {
    /// How many rows; none: as many as the others have.
    fn rows(&self) -> Option<usize> {
        match self {
            Self::Ids(list) => Some(list.len()),
            Self::SomeIds(list) => Some(list.len()),
            Self::Numbers(list) => Some(list.len()),
            Self::SomeNumbers(list) => Some(list.len()),
            Self::Texts(list) => Some(list.len()),
            Self::Bytes(list) => Some(list.len()),
            Self::EachText(_) | Self::EachNumber(_) | Self::EachId(_) => None,
        }
    }

    /// The array's type on PostgreSQL; none: the same in every row.
    fn array(&self) -> Option<&'static str> {
        match self {
            Self::Ids(_) | Self::SomeIds(_) => Some("uuid[]"),
            Self::Numbers(_) | Self::SomeNumbers(_) => Some("bigint[]"),
            Self::Texts(_) => Some("text[]"),
            Self::Bytes(_) => Some("bytea[]"),
            Self::EachText(_) | Self::EachNumber(_) | Self::EachId(_) => None,
        }
    }

    /// What is the same in every row, as it is written in a statement.
    fn same(&self, backend: DbBackend) -> String {
        match self {
            Self::EachText(text) => format!("'{text}'"),
            Self::EachNumber(number) => number.to_string(),
            Self::EachId(id) => literal(backend, *id),
            _ => "NULL".to_owned(),
        }
    }
}

/// An identifier as it is written in a statement.
pub(crate) fn literal(backend: DbBackend, id: Uuid) -> String {
    match backend {
        DbBackend::Postgres => format!("'{id}'::uuid"),
        _ => format!("X'{}'", id.simple()),
    }
}

async fn insert_postgres(
    tx: &mut Transaction<'static, Postgres>,
    into: &str,
    columns: &[(&str, Column)],
) -> Result<u64, sqlx::Error> {
    let (mut arrays, mut names, mut selected) = (Vec::new(), Vec::new(), Vec::new());
    for (name, column) in columns {
        match column.array() {
            Some(array) => {
                arrays.push(format!("${}::{array}", arrays.len() + 1));
                names.push(*name);
                selected.push(format!("given.{name}"));
            }
            None => selected.push(column.same(DbBackend::Postgres)),
        }
    }
    let (selected, arrays, names) = (selected.join(", "), arrays.join(", "), names.join(", "));
    let sql = format!("{into} SELECT {selected} FROM UNNEST({arrays}) AS given ({names}) ON CONFLICT DO NOTHING");
    let mut query = sqlx::query::<Postgres>(AssertSqlSafe(sql));
    for (_, column) in columns {
        query = match column {
            Column::Ids(list) => query.bind(list),
            Column::SomeIds(list) => query.bind(list),
            Column::Numbers(list) => query.bind(list),
            Column::SomeNumbers(list) => query.bind(list),
            Column::Texts(list) => query.bind(list),
            Column::Bytes(list) => query.bind(list),
            Column::EachText(_) | Column::EachNumber(_) | Column::EachId(_) => query,
        };
    }
    query.execute(&mut **tx).await.map(|done| done.rows_affected())
}

async fn insert_sqlite(
    tx: &mut Transaction<'static, Sqlite>,
    into: &str,
    columns: &[(&str, Column)],
    rows: usize,
) -> Result<u64, sqlx::Error> {
    let listed = columns.iter().filter(|(_, column)| column.rows().is_some()).count();
    let row: Vec<_> = columns
        .iter()
        .map(|(_, column)| if column.rows().is_some() { "?".to_owned() } else { column.same(DbBackend::Sqlite) })
        .collect();
    let row = format!("({})", row.join(", "));
    let (at_once, mut written, mut first) = ((VALUES / listed.max(1)).max(1), 0, 0);
    while first < rows {
        let end = (first + at_once).min(rows);
        let given = vec![row.as_str(); end - first].join(", ");
        let mut query = sqlx::query::<Sqlite>(AssertSqlSafe(format!("{into} VALUES {given} ON CONFLICT DO NOTHING")));
        for at in first..end {
            for (_, column) in columns {
                query = bind_one(query, column, at);
            }
        }
        written += query.execute(&mut **tx).await?.rows_affected();
        first = end;
    }
    Ok(written)
}

fn bind_one<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    column: &'q Column,
    at: usize,
) -> Query<'q, Sqlite, SqliteArguments> {
    match column {
        Column::Ids(list) => query.bind(list.get(at)),
        Column::SomeIds(list) => query.bind(list.get(at).copied().flatten()),
        Column::Numbers(list) => query.bind(list.get(at)),
        Column::SomeNumbers(list) => query.bind(list.get(at).copied().flatten()),
        Column::Texts(list) => query.bind(list.get(at).map(String::as_str)),
        Column::Bytes(list) => query.bind(list.get(at).map(Vec::as_slice)),
        Column::EachText(_) | Column::EachNumber(_) | Column::EachId(_) => query,
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
