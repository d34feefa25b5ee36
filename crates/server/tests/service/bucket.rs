//! A real S3 service of the tests' own, in this process, over a folder that is removed with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "jianzai-key";
pub(crate) const SECRET: &str = "a-secret-that-nobody-prints";

/// An S3 service with one bucket, `evidence`.
pub(crate) struct Service {
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) serving: JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("evidence")).unwrap();
        let (address, serving) = serve(folder.path(), SocketAddr::from(([127, 0, 0, 1], 0))).await;
        Self { folder, address, serving }
    }

    /// What the environment says of it.
    pub(crate) fn environment(&self, secret: &str) -> Vec<(String, String)> {
        let endpoint = format!("http://{}", self.address);
        let said = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ];
        said.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
    }

    /// What lies in the bucket, below the prefix `live`.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        let (mut folders, mut found) = (vec![self.folder.path().join("evidence/live")], Vec::new());
        while let Some(folder) = folders.pop() {
            // Before the first object there is no folder.
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }
}

impl Drop for Service {
    /// Nobody answers any more.
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves a folder of buckets at an address.
pub(crate) async fn serve(folder: &Path, at: SocketAddr) -> (SocketAddr, JoinHandle<()>) {
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let mut lines = tokio::task::JoinSet::new();
        while let Ok((line, _)) = listener.accept().await {
            let service = service.clone();
            lines.spawn(async move {
                let line = hyper_util::rt::TokioIo::new(line);
                hyper::server::conn::http1::Builder::new().serve_connection(line, service).await.ok();
            });
        }
    });
    (address, serving)
}
