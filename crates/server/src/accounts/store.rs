//! The rows of accounts: personal columns sealed, found by a keyed hash of the login name.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jianzai_wire::desk::{Account, StaffRole};
use jianzai_wire::{Area, LoginName, Secret};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, Select};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{authenticator, password};
use crate::columns::{self, NotOpened, NotSealed, Place};
use crate::db::desk_entity::{staff, staff_session};
use crate::keys::{Key, KeyRing, Role};

/// No code was taken yet.
const NO_STEP: i64 = -1;

/// Why an account could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotMade {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    NotSealed(#[from] NotSealed),
    #[error(transparent)]
    NotHashed(#[from] password::NotHashed),
    #[error("the system gave no randomness")]
    NoRandomness(#[from] getrandom::Error),
}

/// Password and authenticator of an account, new.
pub(super) struct Credentials {
    password: Vec<u8>,
    totp_secret: Vec<u8>,
    /// For the authenticator; told once.
    pub(super) authenticator: Secret,
}

impl Credentials {
    /// Hashes the password, which takes a twentieth of a second.
    pub(super) fn new(keys: &KeyRing, id: Uuid, login: &LoginName, password: &Secret) -> Result<Self, NotMade> {
        let secret = authenticator::fresh()?;
        Ok(Self {
            password: columns::seal(keys, place("password", id), password::hash(password)?.as_bytes())?,
            totp_secret: columns::seal(keys, place("totp_secret", id), &secret)?,
            authenticator: authenticator::address(&secret, login.expose()),
        })
    }

    /// The row of a new account.
    pub(super) fn row(
        self,
        keys: &KeyRing,
        account: &Account,
        login: &LoginName,
        inviter: Option<Uuid>,
        now: i64,
    ) -> Result<staff::ActiveModel, NotSealed> {
        let key = keys.current(Role::IdHash).ok_or(NotSealed)?;
        Ok(staff::ActiveModel {
            id: Set(account.id),
            login_hash: Set(login_hash(key, login).to_vec()),
            login: Set(columns::seal(keys, place("login", account.id), login.expose().as_bytes())?),
            role: Set(account.role.name().to_owned()),
            area: Set(account.area.digits().to_owned()),
            password: Set(self.password),
            totp_secret: Set(self.totp_secret),
            totp_step: Set(NO_STEP),
            inviter_id: Set(inviter),
            created_at: Set(now),
            disabled_at: Set(None),
        })
    }

    /// In place of those that an account has. A closed account is open again.
    pub(super) async fn replace(self, db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
        staff::Entity::update_many()
            .col_expr(staff::Column::Password, Expr::value(self.password))
            .col_expr(staff::Column::TotpSecret, Expr::value(self.totp_secret))
            .col_expr(staff::Column::TotpStep, Expr::value(NO_STEP))
            .col_expr(staff::Column::DisabledAt, Expr::value(None::<i64>))
            .filter(staff::Column::Id.eq(id))
            .exec(db)
            .await
            .map(drop)
    }
}

/// Place of a sealed value of an account.
pub(super) fn place(column: &'static str, row: Uuid) -> Place {
    Place { table: "staff", column, row }
}

/// The keyed hash by which an account is found, and by which a name that has none is counted and logged.
pub(super) fn login_hash(key: &Key, login: &LoginName) -> [u8; 32] {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { return [0; 32] };
    mac.update(b"jianzai login name v1");
    mac.update(login.expose().as_bytes());
    mac.finalize().into_bytes().into()
}

/// The account with a login name. Whoever is about to change it locks the row as well.
pub(super) fn by_login(keys: &KeyRing, login: &LoginName) -> Select<staff::Entity> {
    let hashes: Vec<_> = keys.all(Role::IdHash).iter().map(|key| login_hash(key, login).to_vec()).collect();
    staff::Entity::find().filter(staff::Column::LoginHash.is_in(hashes))
}

/// Ends every session of an account.
pub(super) async fn end_sessions(tx: &impl ConnectionTrait, id: Uuid, now: i64) -> Result<(), DbErr> {
    staff_session::Entity::update_many()
        .col_expr(staff_session::Column::RevokedAt, Expr::value(now))
        .filter(staff_session::Column::StaffId.eq(id))
        .filter(staff_session::Column::RevokedAt.is_null())
        .exec(tx)
        .await
        .map(drop)
}

impl staff::Model {
    /// What is told of it. `None` if a column holds what none may.
    pub(crate) fn account(&self) -> Option<Account> {
        let (role, area) = (StaffRole::named(&self.role)?, Area::parse(&self.area).ok()?);
        Some(Account { id: self.id, role, area })
    }

    /// A sealed column, opened.
    pub(super) fn open(
        &self,
        keys: &KeyRing,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        columns::open(keys, place(column, self.id), sealed)
    }
}
