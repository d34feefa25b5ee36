//! Accounts of clerks, heads, volunteers and auditors: made, signed in, signed out, closed.
//!
//! **In**: a login name, a password, the six digits that an authenticator shows; later a session's token. **Out**: who it
//! is, what they may do and where ([`signed_in::SignedIn`]). **What can go wrong**: any of the three is wrong, or nobody
//! has that name: one answer, `account.not_confirmed`, after the same work and no sooner than [`login`] says; the session
//! is over or was ended: `account.signed_out`; the role is not the one that the call wants: `account.not_allowed`.
//!
//! # Rules
//! - A password is kept as Argon2id, and that is sealed: who steals the database alone has nothing to try passwords on.
//! - The code of an authenticator works once: neither it nor an earlier one is taken again.
//! - Failures on an account only delay the next answer. A lock would let anybody keep a clerk from working. An address that
//!   fails too often has to wait.
//! - A session is an opaque token of which the digest is kept. It ends when it is not used for a while, at the end of a
//!   working day whatever happens, and at once when it is ended, alone or with all others of the account.
//! - Who an account serves follows from its [`jianzai_wire::Area`]: a person insured elsewhere is nobody there.

mod authenticator;
pub(crate) mod invitation;
pub(crate) mod login;
pub(crate) mod logout;
mod operator;
mod password;
pub(crate) mod signed_in;
mod store;

pub use self::operator::{Access, AccountError, Listed, add, disable, list, reset};
pub(crate) use self::signed_in::SignedIn;
