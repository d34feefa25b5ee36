//! The service's own keys: files outside the database, readable by this user alone.
//!
//! **In**: the keys folder. **Out**: for every [`Role`] the key in use and the older ones that rows, certificates and
//! sealed bundles still name. **What can go wrong**: a file that others can read, or that isn't a key; the service then
//! doesn't start and says which file and why. A missing key is made only where the role has none at all.
//!
//! A file is `ROLE.KEY-ID.key` and holds 64 hex digits. Key ids begin with the day they were made and their number on that
//! day, so the last one in order is the one in use. The day is a name and no term: a key that was made under a clock that ran
//! ahead signs, seals and opens like any other, since what was made with it names it. It is told at each start, and the key
//! made after it takes its day and the next number, so that a replaced key is never in use again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use zeroize::Zeroizing;

use crate::config::Config;
use crate::db::Database;
use crate::durable;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    /// HMAC-SHA256 by which a row of the register is found from an ID number.
    IdHash,
    /// XChaCha20-Poly1305 over personal columns.
    Column,
    /// X25519 secret that evidence is sealed to.
    Evidence,
    /// Ed25519 secret that signs certificates.
    Certificate,
    /// Ed25519 secret that signs the end of the linked log.
    Audit,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::IdHash, Self::Column, Self::Evidence, Self::Certificate, Self::Audit];

    /// As it stands in the names of files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::IdHash => "id-hash",
            Self::Column => "column",
            Self::Evidence => "evidence",
            Self::Certificate => "certificate",
            Self::Audit => "audit",
        }
    }

    /// Whether nothing that was made with a lost key is lost with it: a log that was signed with it stays what it is, and
    /// whoever was given a signed head has the public key.
    pub(crate) fn is_replaceable(self) -> bool {
        self == Self::Audit
    }
}

/// A key and its name. Prints as its name.
#[derive(Clone)]
pub struct Key {
    /// Names the key wherever it was used.
    pub id: String,
    secret: Zeroizing<[u8; 32]>,
}

impl Key {
    /// The secret itself.
    pub fn expose(&self) -> &[u8; 32] {
        &self.secret
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// Why the keys could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "{0}: other users can read this key; make it private with chmod 600, and replace the key if they did read it"
    )]
    Exposed(PathBuf),
    /// The content is not a key.
    #[error("{0}: not a key file (64 hex digits); restore it from a backup")]
    NotAKey(PathBuf),
    /// Keys that a database was made with are gone.
    #[error(
        "{0}: the {1} key is missing, and what is in the database can't be read without it; restore the keys folder from a backup"
    )]
    Lost(PathBuf, &'static str),
    /// Keys of another database.
    #[error(
        "{0}: the {1} key is not one that this database was made with; copy the keys folder of the service that uses the database, or name another database"
    )]
    Foreign(PathBuf, &'static str),
    /// The system gave no randomness.
    #[error("the system gave no randomness")]
    NoRandomness,
}

/// Every key of the service.
#[derive(Debug)]
pub struct KeyRing {
    keys: BTreeMap<Role, Vec<Key>>,
}

impl KeyRing {
    /// The keys of a data folder. A role without any key gets one, unless there is a database already: it was made with
    /// the key that is missing. `today` (such as `20261121`) begins the names of new keys.
    pub fn of(config: &Config, today: &str) -> Result<Self, KeysError> {
        match config.database() {
            Database::File(path) if !path.exists() => Self::begin(config, today),
            // Whether a PostgreSQL database was made with any key is seen when it is open: [`crate::installation`].
            Database::File(_) | Database::Postgres(_) => Self::open(&config.keys(), today, false),
        }
    }

    /// The same for a database that was made with no key yet: what is missing is made, and what is there already, since a
    /// first start was cut off between two keys, is kept.
    pub(crate) fn begin(config: &Config, today: &str) -> Result<Self, KeysError> {
        Self::open(&config.keys(), today, true)
    }

    /// Whether there are keys already.
    pub(crate) fn is_begun(config: &Config) -> bool {
        let files = fs::read_dir(config.keys()).into_iter().flatten().flatten();
        files.into_iter().any(|file| file.path().extension().is_some_and(|extension| extension == "key"))
    }

    fn open(folder: &Path, today: &str, may_make: bool) -> Result<Self, KeysError> {
        durable::private_folder(folder).map_err(|source| KeysError::Io { path: folder.into(), source })?;
        let mut keys = BTreeMap::new();
        for role in Role::ALL {
            let mut found = read_role(folder, role)?;
            if found.is_empty() && !may_make && !role.is_replaceable() {
                return Err(KeysError::Lost(folder.into(), role.name()));
            }
            if found.is_empty() {
                found.push(Self::make(folder, role, today)?);
            }
            tell_if_ahead(role, &found, today);
            keys.insert(role, found);
        }
        Ok(Self { keys })
    }

    /// Makes one more key for a role; it is the one in use from the next start.
    pub fn add(config: &Config, role: Role, today: &str) -> Result<Key, KeysError> {
        Self::make(&config.keys(), role, today)
    }

    fn make(folder: &Path, role: Role, today: &str) -> Result<Key, KeysError> {
        let mut secret = Zeroizing::new([0; 32]);
        let mut suffix = [0; 3];
        getrandom::fill(secret.as_mut()).map_err(|_| KeysError::NoRandomness)?;
        getrandom::fill(&mut suffix).map_err(|_| KeysError::NoRandomness)?;
        let id = following(read_role(folder, role)?.last(), today) + &hex::encode(suffix);
        let path = folder.join(format!("{}.{id}.key", role.name()));
        let text = Zeroizing::new(hex::encode(secret.as_ref()));
        durable::create_private(&path, text.as_bytes()).map_err(|source| KeysError::Io { path, source })?;
        Ok(Key { id, secret })
    }

    /// The key in use.
    pub fn current(&self, role: Role) -> Option<&Key> {
        self.all(role).last()
    }

    /// A key by its name.
    pub fn named(&self, role: Role, id: &str) -> Option<&Key> {
        self.all(role).iter().find(|key| key.id == id)
    }

    /// Every key of a role, the one in use last.
    pub fn all(&self, role: Role) -> &[Key] {
        self.keys.get(&role).map(Vec::as_slice).unwrap_or_default()
    }
}

/// How a key id begins that comes after the newest one in order, also where that one's day has not come yet.
fn following(newest: Option<&Key>, today: &str) -> String {
    // `YYYYMMDD-NN` and digits drawn at random.
    let begins = newest.and_then(|key| Some((key.id.get(..8)?, key.id.get(9..11)?.parse::<u32>().ok()?)));
    match begins {
        Some((day, number)) if day >= today => format!("{day}-{:02}", number + 1),
        _ => format!("{today}-00"),
    }
}

/// A day that has not come yet shows that the clock ran ahead when a key was made, or runs behind now: then days of proof are
/// wrong as well.
fn tell_if_ahead(role: Role, keys: &[Key], today: &str) {
    if let Some(key) = keys.last().filter(|key| key.id.get(..8).is_some_and(|day| day > today)) {
        let role = role.name();
        tracing::warn!(role, key = key.id, "the key in use bears a day that has not come yet; is the clock right?");
    }
}

fn read_role(folder: &Path, role: Role) -> Result<Vec<Key>, KeysError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| KeysError::Io { path, source }
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let id = name.strip_prefix(role.name()).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".key"));
        if let Some(id) = id {
            refuse_exposed(&path).map_err(io(&path))?.then_some(()).ok_or_else(|| KeysError::Exposed(path.clone()))?;
            let text = Zeroizing::new(fs::read_to_string(&path).map_err(io(&path))?);
            let mut secret = Zeroizing::new([0; 32]);
            hex::decode_to_slice(text.trim(), secret.as_mut()).map_err(|_| KeysError::NotAKey(path.clone()))?;
            found.push(Key { id: id.to_owned(), secret });
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// Whether only this user can read the file.
fn refuse_exposed(path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Ok(fs::metadata(path)?.permissions().mode() & 0o077 == 0)
    }
    #[cfg(not(unix))]
    fs::metadata(path).map(|_| true)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::columns::{self, Place};

    #[test]
    fn keys_are_made_once_and_the_newest_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let first = KeyRing::open(folder.path(), "20260101", true).unwrap();
        let again = KeyRing::open(folder.path(), "20270101", true).unwrap();
        let id = &first.current(Role::Column).unwrap().id;
        assert_eq!(again.current(Role::Column).unwrap().id, *id);
        assert_eq!(again.current(Role::Column).unwrap().expose(), first.current(Role::Column).unwrap().expose());
        // Two on the same day: the second is the one in use.
        KeyRing::make(folder.path(), Role::Column, "20270101").unwrap();
        let newer = KeyRing::make(folder.path(), Role::Column, "20270101").unwrap();
        let rotated = KeyRing::open(folder.path(), "20270101", true).unwrap();
        assert_eq!(rotated.current(Role::Column).unwrap().id, newer.id);
        assert!(rotated.named(Role::Column, id).is_some());
        assert!(!format!("{rotated:?}").contains(&hex::encode(newer.expose())));
    }

    #[test]
    fn a_key_made_under_a_clock_that_ran_ahead_is_used_and_can_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path());
        let place = Place { table: "beneficiary", column: "name", row: Uuid::from_u128(7) };
        let ahead = KeyRing::begin(&config, "20310101").unwrap();
        let sealed = columns::seal(&ahead, place, b"value").unwrap();
        let mut in_use = ahead.current(Role::Column).unwrap().id.clone();
        for today in ["20260601", "20260601", "20310101", "20310102"] {
            let before = KeyRing::of(&config, today).unwrap();
            assert_eq!(before.current(Role::Column).unwrap().id, in_use, "a day alone changes nothing");
            in_use = KeyRing::add(&config, Role::Column, today).unwrap().id;
            let after = KeyRing::of(&config, today).unwrap();
            assert_eq!(after.current(Role::Column).unwrap().id, in_use, "the key made last is in use, on {today}");
            assert_eq!(columns::open(&after, place, &sealed).unwrap().as_slice(), b"value");
        }
        assert!(in_use.starts_with("20310102-00"), "{in_use}");
    }

    #[test]
    fn a_lost_key_is_not_replaced_where_a_database_was_made_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path());
        KeyRing::of(&config, "20260101").unwrap();
        let Database::File(database) = config.database() else { panic!("no file") };
        fs::write(database, "").unwrap();
        KeyRing::of(&config, "20260101").unwrap();
        let lost = fs::read_dir(config.keys()).unwrap().map(|file| file.unwrap().path());
        let lost = lost.into_iter().find(|path| path.to_str().unwrap().contains("column.")).unwrap();
        fs::remove_file(lost).unwrap();
        assert!(matches!(KeyRing::of(&config, "20260101"), Err(KeysError::Lost(_, "column"))));
    }

    #[test]
    fn a_spoilt_key_is_named_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        KeyRing::open(folder.path(), "20260101", true).unwrap();
        let path = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        fs::write(&path, "not hex").unwrap();
        assert!(
            matches!(KeyRing::open(folder.path(), "20260101", true), Err(KeysError::NotAKey(named)) if named == path)
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_stops_the_start() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        KeyRing::open(folder.path(), "20260101", true).unwrap();
        let path = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(KeyRing::open(folder.path(), "20260101", true), Err(KeysError::Exposed(_))));
    }
}
