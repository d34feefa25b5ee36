//! Where sealed evidence lies: in the data folder, or in a bucket of an S3 service.
//!
//! **In**: nothing, or `s3://BUCKET/PREFIX` with what AWS's own variables say (`AWS_ENDPOINT_URL`, `AWS_REGION`,
//! `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, …): credentials come from the environment and are never printed.
//! **Out**: the store in which a bundle is durable before its row says so. Paths in it are the same in folder and bucket, so
//! that the one can be copied to the other.
//!
//! **What can go wrong**: the bucket is not there, or closed to us: the service does not start and says why. Nobody answers:
//! it starts, says so, and each upload is refused with "come again" until somebody does; nothing is called accepted
//! meanwhile, and the judges keep their jobs. Only TLS, or this very machine, unless `AWS_ALLOW_HTTP` says otherwise.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jianzai_wire::Secret;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, Error, ObjectStore, RetryConfig};

/// A request to the bucket takes no longer; a bundle has a megabyte at most.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(3);
/// Whoever delivers is told to come again after this: they keep the piece, the service must not keep them.
const RETRY_FOR: Duration = Duration::from_secs(5);
const RETRIES: usize = 2;

/// Where evidence lies.
#[derive(Debug, Clone, Default)]
pub enum EvidenceStore {
    /// In a folder of the data folder.
    #[default]
    Folder,
    /// In a bucket.
    S3(Bucket),
}

/// A bucket of an S3 service, and how to reach it.
#[derive(Debug, Clone)]
pub struct Bucket {
    name: String,
    prefix: ObjectPath,
    settings: Vec<(AmazonS3ConfigKey, Secret)>,
}

/// Why evidence can't be kept where it was told.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceStoreError {
    /// It is no address of a bucket.
    #[error("evidence is kept in `s3://BUCKET` or `s3://BUCKET/PREFIX`; without it, in the data folder")]
    Address,
    /// Neither TLS nor this machine.
    #[error("the S3 service must be reached by https://, or on this very machine, unless AWS_ALLOW_HTTP is `true`")]
    NotSafe,
    /// The folder can't be used.
    #[error("the evidence folder can't be used: {0}")]
    Folder(#[source] Error),
    /// The settings can't be right.
    #[error("the S3 service can't be used as it is set; look at the variables that begin with AWS_: {0}")]
    Settings(#[source] Error),
    /// It is not there, or closed to us.
    #[error("the bucket `{0}` is not there, or is closed to these credentials: {1}")]
    Bucket(String, #[source] Error),
}

impl Bucket {
    /// Reads `s3://BUCKET/PREFIX`; `environment` holds the variables, of which those that begin with `AWS_` are used.
    pub fn parse(
        address: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, EvidenceStoreError> {
        let rest = address.strip_prefix("s3://").ok_or(EvidenceStoreError::Address)?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        if !(3..=63).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(EvidenceStoreError::Address);
        }
        let prefix = ObjectPath::parse(prefix.trim_end_matches('/')).map_err(|_| EvidenceStoreError::Address)?;
        let ours = |(key, value): (String, String)| {
            let key = key.starts_with("AWS_").then(|| key.to_ascii_lowercase().parse().ok())??;
            Some((key, Secret::new(value)))
        };
        let settings = environment.into_iter().filter_map(ours).collect();
        let bucket = Self { name: name.to_owned(), prefix, settings };
        if bucket.is_safe() { Ok(bucket) } else { Err(EvidenceStoreError::NotSafe) }
    }

    fn setting(&self, wanted: &AmazonS3ConfigKey) -> Option<&str> {
        self.settings.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.expose())
    }

    fn endpoint(&self) -> Option<&str> {
        self.setting(&AmazonS3ConfigKey::S3Endpoint).or_else(|| self.setting(&AmazonS3ConfigKey::Endpoint))
    }

    fn is_safe(&self) -> bool {
        let allowed = self.setting(&AmazonS3ConfigKey::Client(object_store::ClientConfigKey::AllowHttp));
        self.endpoint().is_none_or(|endpoint| endpoint.starts_with("https://") || is_here(endpoint))
            || allowed.is_some_and(|allowed| allowed.eq_ignore_ascii_case("true"))
    }

    fn open(&self) -> Result<Arc<dyn ObjectStore>, EvidenceStoreError> {
        let http = self.endpoint().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let client = ClientOptions::new().with_timeout(PATIENCE).with_connect_timeout(CONNECT).with_allow_http(http);
        let retries = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_FOR, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new().with_client_options(client).with_retry(retries);
        for (key, value) in &self.settings {
            builder = builder.with_config(*key, value.expose());
        }
        let store = builder.with_bucket_name(&self.name).build().map_err(EvidenceStoreError::Settings)?;
        Ok(Arc::new(PrefixStore::new(store, self.prefix.clone())))
    }

    /// A bucket that answers and is not for us is found before the first upload.
    async fn probe(&self, store: &dyn ObjectStore) -> Result<(), EvidenceStoreError> {
        let looked = store.list(Some(&ObjectPath::from("probe"))).next().await.transpose();
        match looked {
            Ok(_) => Ok(()),
            Err(error) if is_refusal(&error) => Err(EvidenceStoreError::Bucket(self.name.clone(), error)),
            Err(error) => {
                tracing::error!(%error, "the S3 service does not answer; uploads wait until it does");
                Ok(())
            }
        }
    }
}

impl EvidenceStore {
    /// Opens it; `folder` is where evidence lies that is in no bucket.
    pub(crate) async fn open(&self, folder: &Path) -> Result<Arc<dyn ObjectStore>, EvidenceStoreError> {
        match self {
            Self::Folder => {
                let store = LocalFileSystem::new_with_prefix(folder).map_err(EvidenceStoreError::Folder)?;
                Ok(Arc::new(store.with_fsync(true)))
            }
            Self::S3(bucket) => {
                let store = bucket.open()?;
                bucket.probe(&*store).await?;
                Ok(store)
            }
        }
    }
}

/// Whether somebody answered, and said no. A failed listing is told without a kind of its own, only with the status.
fn is_refusal(error: &Error) -> bool {
    error.to_string().contains("status code: 4")
}

/// Whether an address in clear leads no further than this machine.
fn is_here(endpoint: &str) -> bool {
    let host = endpoint.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: &str, environment: &[(&str, &str)]) -> Result<Bucket, EvidenceStoreError> {
        let owned = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Bucket::parse(address, owned)
    }

    #[test]
    fn an_address_names_a_bucket_and_maybe_a_folder_in_it() {
        let bucket = parse("s3://evidence-440300/live/", &[]).unwrap();
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_ref()), ("evidence-440300", "live"));
        assert_eq!(parse("s3://evidence", &[]).unwrap().prefix.as_ref(), "");
        for wrong in ["evidence", "https://evidence", "s3://", "s3://a", "s3://Evidence", "s3://evidence/../other"] {
            assert!(matches!(parse(wrong, &[]), Err(EvidenceStoreError::Address)), "{wrong}");
        }
    }

    #[test]
    fn evidence_does_not_travel_in_clear_beyond_this_machine() {
        let at = |endpoint| parse("s3://evidence", &[("AWS_ENDPOINT_URL", endpoint)]);
        for good in ["https://s3.example.cn", "http://127.0.0.1:8014", "http://localhost", "http://[::1]:9000/"] {
            assert!(at(good).is_ok(), "{good}");
        }
        for bad in ["http://s3.example.cn", "http://127.0.0.1.example.cn", "http://localhost.example.cn:80"] {
            assert!(matches!(at(bad), Err(EvidenceStoreError::NotSafe)), "{bad}");
        }
        let inside = [("AWS_ENDPOINT_URL", "http://s3.internal"), ("AWS_ALLOW_HTTP", "true")];
        assert!(parse("s3://evidence", &inside).is_ok());
    }

    #[test]
    fn credentials_do_not_print() {
        let environment =
            [("AWS_ACCESS_KEY_ID", "key-of-mine"), ("AWS_SECRET_ACCESS_KEY", "secret-of-mine"), ("X", "y")];
        let bucket = parse("s3://evidence", &environment).unwrap();
        assert_eq!(bucket.settings.len(), 2);
        assert!(!format!("{bucket:?}").contains("of-mine"));
    }
}
