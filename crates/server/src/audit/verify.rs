//! Proves the log whole, or says where it is not.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};

use super::head::{HeadError, SignedHead, kept_head};
use super::{HEAD, NOTHING, hash};
use crate::config::Config;
use crate::db::Datastore;
use crate::db::desk_entity::{audit_entry, audit_head};
use crate::keys::{KeyRing, KeysError};

/// Entries read at once.
const PAGE: u64 = 1_000;
/// So many faults are listed; whoever changed more has changed everything.
const MOST_FAULTS: usize = 100;

/// What a log came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries that are there.
    pub entries: u64,
    /// Signed heads that were compared.
    pub heads: usize,
    /// What is not as it must be; nothing if the log is whole.
    pub faults: Vec<Fault>,
}

/// Something that is not as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Entries are gone.
    #[error("entries {0} to {1} are missing")]
    Missing(i64, i64),
    /// An entry is not what it was.
    #[error("entry {0} was changed")]
    Changed(i64),
    /// The end is not where the log says that it is.
    #[error("the last entry is {found}, but the log was led up to {noted}")]
    End {
        /// The last entry.
        found: i64,
        /// What the head says.
        noted: i64,
    },
    /// A signed head speaks of entries that are gone.
    #[error("the log ends at entry {found}, but entry {signed} was signed: the end was cut off")]
    CutOff {
        /// The last entry.
        found: i64,
        /// The entry that was signed.
        signed: i64,
    },
    /// A signed head speaks of another entry than the one there.
    #[error("entry {0} is not the one that was signed: it, or entries before it, were written anew")]
    WrittenAnew(i64),
    /// A head is not signed by a key of this service.
    #[error("the signature of the head at entry {0} is not one of this service's")]
    NotSigned(i64),
}

/// Why the log could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A signed head can't be read.
    #[error(transparent)]
    Head(#[from] HeadError),
}

/// Looks through the whole log, and compares it with the head that the service keeps and with those given.
pub async fn verify(config: &Config, keys: &KeyRing, given: &[SignedHead]) -> Result<Report, AuditError> {
    let store = Datastore::open(&config.database()).await?;
    let heads: Vec<_> = kept_head(config)?.into_iter().chain(given.iter().cloned()).collect();
    let report = examine(store.reads(), keys, &heads).await;
    store.close().await?;
    Ok(report?)
}

async fn examine(db: &impl ConnectionTrait, keys: &KeyRing, heads: &[SignedHead]) -> Result<Report, DbErr> {
    // Entries may be appended meanwhile; the head that was read first must still be among them.
    let noted = audit_head::Entity::find_by_id(HEAD).one(db).await?;
    let mut signed: BTreeMap<i64, Vec<u8>> = heads.iter().map(|head| (head.seq, Vec::new())).collect();
    if let Some(noted) = &noted {
        signed.insert(noted.seq, Vec::new());
    }
    let mut walk = Walk::new(0, NOTHING.to_vec());
    loop {
        let page = following(db, walk.last).await?;
        let Some(last) = page.last().map(|row| row.seq) else { break };
        for row in &page {
            walk.step(row);
            if let Some(at) = signed.get_mut(&row.seq) {
                at.clone_from(&row.hash);
            }
        }
        walk.last = last;
    }
    let mut faults = walk.faults;
    faults.extend(end(walk.last, noted.as_ref(), &signed));
    faults.extend(heads.iter().filter_map(|head| compare(head, keys, walk.last, &signed)));
    faults.truncate(MOST_FAULTS);
    Ok(Report { entries: walk.entries, heads: heads.len(), faults })
}

/// The next entries after `last`.
pub(super) async fn following(db: &impl ConnectionTrait, last: i64) -> Result<Vec<audit_entry::Model>, DbErr> {
    let next = audit_entry::Entity::find().filter(audit_entry::Column::Seq.gt(last));
    next.order_by_asc(audit_entry::Column::Seq).limit(PAGE).all(db).await
}

fn end(last: i64, noted: Option<&audit_head::Model>, hashes: &BTreeMap<i64, Vec<u8>>) -> Option<Fault> {
    let noted_seq = noted.map_or(0, |noted| noted.seq);
    let found = match noted {
        None => last == 0,
        Some(noted) if noted.seq == 0 => true,
        Some(noted) => noted.seq <= last && hashes.get(&noted.seq) == Some(&noted.hash),
    };
    (!found).then_some(Fault::End { found: last, noted: noted_seq })
}

fn compare(head: &SignedHead, keys: &KeyRing, last: i64, hashes: &BTreeMap<i64, Vec<u8>>) -> Option<Fault> {
    if !head.is_signed(keys) {
        return Some(Fault::NotSigned(head.seq));
    }
    if head.seq == 0 {
        return None;
    }
    match hashes.get(&head.seq) {
        _ if head.seq > last => Some(Fault::CutOff { found: last, signed: head.seq }),
        Some(hash) if *hash == head.hash.as_bytes() => None,
        _ => Some(Fault::WrittenAnew(head.seq)),
    }
}

/// Goes from entry to entry.
pub(super) struct Walk {
    /// The entry that was looked at last.
    pub(super) last: i64,
    previous: Vec<u8>,
    pub(super) entries: u64,
    pub(super) faults: Vec<Fault>,
}

impl Walk {
    /// Behind an entry that has this hash.
    pub(super) fn new(last: i64, previous: Vec<u8>) -> Self {
        Self { last, previous, entries: 0, faults: Vec::new() }
    }

    /// Looks at the next entry.
    pub(super) fn step(&mut self, row: &audit_entry::Model) {
        self.entries += 1;
        let gap = row.seq != self.last + 1;
        let whole = hash(row).as_slice() == row.hash.as_slice();
        if gap {
            self.fault(Fault::Missing(self.last + 1, row.seq - 1));
        } else if whole && row.previous != self.previous && self.last > 0 {
            // This one is as it was written; so the one before was changed and its hash with it.
            self.fault(Fault::Changed(self.last));
        } else if whole && row.previous != self.previous {
            self.fault(Fault::Changed(row.seq));
        }
        if !whole {
            self.fault(Fault::Changed(row.seq));
        }
        self.last = row.seq;
        self.previous.clone_from(&row.hash);
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS && self.faults.last() != Some(&fault) {
            self.faults.push(fault);
        }
    }
}
