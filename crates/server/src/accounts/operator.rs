//! What an operator does with accounts from the command line: `jianzai-server account`.

use jianzai_wire::desk::{Account, StaffRole};
use jianzai_wire::{Area, LoginName, ReasonCode, Secret};
use sea_orm::QuerySelect as _;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use uuid::Uuid;

use super::password;
use super::signed_in::lives;
use super::store::{Credentials, NotMade, by_login, end_sessions};
use crate::audit::{self, Action, Entry};
use crate::clock::Clock;
use crate::columns::{NotOpened, NotSealed};
use crate::config::Config;
use crate::db::Datastore;
use crate::db::desk_entity::{staff, staff_session};
use crate::keys::{KeyRing, KeysError};
use crate::office::{Office, OfficeError};
use crate::{durable, installation};

/// What somebody needs to sign in; told once.
#[derive(Debug)]
pub struct Access {
    /// The account.
    pub id: Uuid,
    /// The password, where the service made it.
    pub password: Option<Secret>,
    /// `otpauth://…`, for the authenticator.
    pub authenticator: Secret,
}

/// An account, as listed.
#[derive(Debug)]
pub struct Listed {
    /// The account.
    pub account: Account,
    /// Its login name.
    pub login: LoginName,
    /// Whether it is closed.
    pub disabled: bool,
    /// Sessions that live.
    pub sessions: usize,
}

impl Office {
    /// Refuses a name under which nobody decides: no account, one that is closed, or one for something else.
    pub async fn demand_account(&self, id: Uuid, roles: &[StaffRole]) -> Result<(), OfficeError> {
        let row = staff::Entity::find_by_id(id).one(self.store.reads()).await?;
        let account = row.filter(|row| row.disabled_at.is_none()).and_then(|row| row.account());
        if account.is_some_and(|account| roles.contains(&account.role)) {
            return Ok(());
        }
        let roles: Vec<_> = roles.iter().map(|role| role.name()).collect();
        let sentence = format!(
            "{id} is no open account of a {}; `jianzai-server account list` prints accounts and their identifiers",
            roles.join(" or ")
        );
        Err(OfficeError::Refused(sentence))
    }
}

/// Why an account could not be looked after.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The data folder can't be used.
    #[error("the data folder can't be used: {0}")]
    Folder(#[from] std::io::Error),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// A value that was kept can't be opened.
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    /// Password or authenticator could not be made or sealed.
    #[error("password or authenticator could not be made: {0}")]
    NotMade(String),
    /// Somebody has the name.
    #[error("there is an account with this login name already; choose another, or use `account reset`")]
    NameTaken,
    /// Nobody has the name.
    #[error("there is no account with this login name; `account list` shows them")]
    Unknown,
    /// What was asked for can't be.
    #[error("{0}")]
    Refused(ReasonCode),
    /// A row holds what none may.
    #[error("the row of account {0} is damaged")]
    Damaged(Uuid),
}

impl From<NotMade> for AccountError {
    fn from(error: NotMade) -> Self {
        match error {
            NotMade::Database(error) => Self::Database(error),
            other => Self::NotMade(other.to_string()),
        }
    }
}

impl From<NotSealed> for AccountError {
    fn from(error: NotSealed) -> Self {
        Self::NotMade(error.to_string())
    }
}

impl From<ReasonCode> for AccountError {
    fn from(reason: ReasonCode) -> Self {
        Self::Refused(reason)
    }
}

struct Desk {
    keys: KeyRing,
    store: Datastore,
}

async fn open(config: &Config, clock: &dyn Clock) -> Result<Desk, AccountError> {
    durable::private_folder(&config.data)?;
    let (store, keys) = installation::open::<AccountError>(config, clock).await?;
    Ok(Desk { keys, store })
}

/// Makes an account. Without a password of the operator's, one is made.
pub async fn add(
    config: &Config,
    clock: &dyn Clock,
    login: &LoginName,
    role: StaffRole,
    area: Area,
    given: Option<Secret>,
) -> Result<Access, AccountError> {
    let desk = open(config, clock).await?;
    let account = Account { id: Uuid::now_v7(), role, area };
    let (credentials, access) = credentials(&desk.keys, account.id, login, given)?;
    let row = credentials.row(&desk.keys, &account, login, None, clock.now())?;
    let tx = desk.store.begin("add account").await?;
    if by_login(&desk.keys, login).one(&*tx).await?.is_some() {
        return Err(AccountError::NameTaken);
    }
    row.insert(&*tx).await?;
    let entry = Entry::of(Action::AccountAdded, account.id).detail(role.name());
    audit::append(&tx, clock.now(), entry).await?;
    tx.commit().await?;
    desk.store.close().await?;
    Ok(access)
}

/// Gives an account a new password and authenticator, ends its sessions, and opens it if it was closed.
pub async fn reset(
    config: &Config,
    clock: &dyn Clock,
    login: &LoginName,
    given: Option<Secret>,
) -> Result<Access, AccountError> {
    let desk = open(config, clock).await?;
    let known = by_login(&desk.keys, login).one(desk.store.reads()).await?.ok_or(AccountError::Unknown)?;
    let (credentials, access) = credentials(&desk.keys, known.id, login, given)?;
    let tx = desk.store.begin("reset account").await?;
    credentials.replace(&*tx, known.id).await?;
    end_sessions(&*tx, known.id, clock.now()).await?;
    audit::append(&tx, clock.now(), Entry::of(Action::AccountReset, known.id)).await?;
    tx.commit().await?;
    desk.store.close().await?;
    Ok(access)
}

/// Closes an account and ends its sessions.
pub async fn disable(config: &Config, clock: &dyn Clock, login: &LoginName) -> Result<(), AccountError> {
    let desk = open(config, clock).await?;
    let now = clock.now();
    let tx = desk.store.begin("disable account").await?;
    let known = by_login(&desk.keys, login).lock_exclusive().one(&*tx).await?.ok_or(AccountError::Unknown)?;
    staff::Entity::update_many()
        .col_expr(staff::Column::DisabledAt, Expr::value(known.disabled_at.unwrap_or(now)))
        .filter(staff::Column::Id.eq(known.id))
        .exec(&*tx)
        .await?;
    end_sessions(&*tx, known.id, now).await?;
    audit::append(&tx, now, Entry::of(Action::AccountDisabled, known.id)).await?;
    tx.commit().await?;
    Ok(desk.store.close().await?)
}

/// Every account, the oldest first.
pub async fn list(config: &Config, clock: &dyn Clock) -> Result<Vec<Listed>, AccountError> {
    let desk = open(config, clock).await?;
    let (db, now) = (desk.store.reads(), clock.now());
    let rows = staff::Entity::find().order_by_asc(staff::Column::CreatedAt).all(db).await?;
    let not_ended = staff_session::Column::RevokedAt.is_null();
    let sessions = staff_session::Entity::find().filter(not_ended).all(db).await?;
    let mut listed = Vec::new();
    for row in rows {
        let account = row.account().ok_or(AccountError::Damaged(row.id))?;
        let login = row.open(&desk.keys, "login", &row.login)?;
        let login = std::str::from_utf8(&login).ok().and_then(|text| LoginName::parse(text).ok());
        let login = login.ok_or(AccountError::Damaged(row.id))?;
        let own = sessions.iter().filter(|session| session.staff_id == row.id && lives(session, now));
        listed.push(Listed { account, login, disabled: row.disabled_at.is_some(), sessions: own.count() });
    }
    desk.store.close().await?;
    Ok(listed)
}

fn credentials(
    keys: &KeyRing,
    id: Uuid,
    login: &LoginName,
    given: Option<Secret>,
) -> Result<(Credentials, Access), AccountError> {
    if let Some(given) = &given {
        password::check(given, login)?;
    }
    let made = if given.is_none() { Some(password::made().map_err(NotMade::NoRandomness)?) } else { None };
    let password = given.as_ref().or(made.as_ref()).ok_or(AccountError::Unknown)?;
    let credentials = Credentials::new(keys, id, login, password)?;
    let access = Access { id, password: made.clone(), authenticator: credentials.authenticator.clone() };
    Ok((credentials, access))
}
