//! Starts the service and stops it without losing anything.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jianzai_face::ModelError;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::evidence_store::EvidenceStoreError;
use crate::installation::{self, OtherFolder};
use crate::judging::Examiner;
use crate::keys::KeysError;
use crate::{audit, cleaning, durable, judging, metrics, router};

/// Calls that are still running this long after the service was told to stop are cut off; nothing acknowledged is lost.
const LAST_CALLS: Duration = Duration::from_secs(20);
/// How long a folder that is held is waited for.
const HELD_A_MOMENT: Duration = Duration::from_secs(1);

/// Why the service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder of the data folder can't be made.
    #[error("{path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process serves this data folder.
    #[error("{0} is in use by another jianzai-server; stop that one first, or choose another --data")]
    InUse(PathBuf),
    /// Calls for the database are taken from another data folder.
    #[error(transparent)]
    OtherFolder(#[from] OtherFolder),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A role has no key.
    #[error("a key is missing and could not be made")]
    NoKey,
    /// The database can't be opened.
    #[error("the database can't be opened: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// Evidence can't be kept where it was told.
    #[error(transparent)]
    Evidence(#[from] EvidenceStoreError),
    /// The networks can't be used.
    #[error("the networks can't be used: {0}")]
    Models(#[from] ModelError),
    /// What an earlier run left behind can't be put in order.
    #[error("what an earlier run left behind can't be put in order: {0}")]
    Recovery(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}; is another program using the port?")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// The service, running.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it tells its metrics, if it does.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// Waits until it takes no more calls: it was told to stop, or calls are taken from another data folder from now on.
    pub async fn ended(&self) {
        self.stop.cancelled().await;
    }

    /// Takes no more calls, finishes those that are running, hands back the job in hand, and closes the database.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            // A task that panicked has said so already.
            let _ended = task.await;
        }
    }
}

/// Opens the data folder, listens, and serves until stopped, or until another folder is adopted in its place.
pub async fn serve(config: Config, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let (lock, worker) = lock(&config).await?;
    let (listen, metrics) = (config.listen, config.metrics);
    let examiner = match config.judge {
        true => Some(open_networks(&config).await?),
        false => None,
    };
    let app = Arc::new(App::open(config, clock).await?);
    installation::demand_folder::<StartError>(&app.config, &app.store, worker, app.clock.now()).await?;
    let (listener, address) = bind(listen).await?;
    let told = match metrics {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let stop = CancellationToken::new();
    cleaning::sweep_staging(&app).await.map_err(|error| StartError::Recovery(error.into()))?;
    judging::take_back(&app, worker).await?;
    let mut workers = vec![tokio::spawn(cleaning::run(app.clone(), stop.clone()))];
    workers.extend(examiner.map(|examiner| tokio::spawn(judging::run(app.clone(), examiner, worker, stop.clone()))));
    workers.push(tokio::spawn(answer(app.clone(), listener, stop.clone())));
    workers.push(tokio::spawn(give_way(app.clone(), worker, stop.clone())));
    let metrics = told.as_ref().map(|(_, address)| *address);
    workers.extend(told.map(|(listener, _)| tokio::spawn(metrics::answer(app.clone(), listener, stop.clone()))));
    let closing = tokio::spawn(close_after(workers, app, lock));
    Ok(Running { address, metrics, stop, tasks: vec![closing] })
}

async fn bind(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address: wanted, source };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// A service that can't judge says so before it takes the first call.
async fn open_networks(config: &Config) -> Result<Examiner, StartError> {
    let (models, demo) = (config.models.clone(), config.demo);
    let opened = tokio::task::spawn_blocking(move || Examiner::open(&models, demo)).await;
    opened.map_err(|error| StartError::Recovery(error.into()))?.map_err(StartError::Models)
}

/// Makes what is missing in the data folder and brings its tables forward.
pub async fn migrate(config: &Config, clock: &dyn Clock) -> Result<(), StartError> {
    let failed = |source| StartError::Folder { path: config.data.clone(), source };
    durable::private_folder(&config.data).map_err(failed)?;
    let (store, _keys) = installation::open::<StartError>(config, clock).await?;
    Ok(store.close().await?)
}

/// The same; and from now on calls for the database are taken from this folder, as the one before is gone for good.
pub async fn adopt(config: &Config, clock: &dyn Clock) -> Result<(), StartError> {
    let (_lock, folder) = lock(config).await?;
    let (store, _keys) = installation::open::<StartError>(config, clock).await?;
    installation::adopt(&store, folder, clock.now()).await?;
    Ok(store.close().await?)
}

async fn answer(app: Arc<App>, listener: TcpListener, stop: CancellationToken) {
    let routes = router::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_CALLS).await;
    };
    tokio::select! {
        ended = serving.into_future() => if let Err(error) = ended { tracing::error!(%error, "serving ended") },
        () = overdue => tracing::warn!("calls were cut off"),
    }
}

/// Stops the service when another data folder was adopted in its folder's place: what it would write here, nobody would find.
async fn give_way(app: Arc<App>, folder: Uuid, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = installation::displaced(&app.config, &app.store, folder) => {
            tracing::error!("calls are taken from another data folder from now on; this service stops");
            stop.cancel();
        }
    }
}

/// Closes the database when everything that uses it has ended, and gives the data folder free.
async fn close_after(workers: Vec<JoinHandle<()>>, app: Arc<App>, lock: File) {
    for worker in workers {
        if let Err(error) = worker.await {
            tracing::error!(%error, "a task ended");
        }
    }
    if let Err(error) = audit::keep_head(&app).await {
        tracing::error!(%error, "signing the log");
    }
    if let Err(error) = app.store.clone().close().await {
        tracing::error!(%error, "closing the database");
    }
    drop(lock);
}

/// Judges beside the service, on a machine that reaches the same database and the same evidence, until stopped. Tells its metrics
/// where it is asked to; `told` hears the address.
pub async fn work(
    config: Config,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    told: impl FnOnce(SocketAddr),
) -> Result<(), StartError> {
    let examiner = open_networks(&config).await?;
    let metrics = config.metrics;
    let app = Arc::new(App::open(config, clock).await?);
    let telling = match metrics {
        Some(wanted) => {
            let (listener, address) = bind(wanted).await?;
            told(address);
            Some(tokio::spawn(metrics::answer(app.clone(), listener, stop.clone())))
        }
        None => None,
    };
    judging::run(app.clone(), examiner, Uuid::new_v4(), stop).await;
    if let Some(telling) = telling {
        telling.await.ok();
    }
    Ok(app.store.clone().close().await?)
}

/// Only one process serves a data folder: uploads count on it. The file holds the name under which it judges, always the
/// same, so that the next start knows what was in hand; the database knows the folder by it.
async fn lock(config: &Config) -> Result<(File, Uuid), StartError> {
    let failed = |source| StartError::Folder { path: config.data.clone(), source };
    durable::private_folder(&config.data).map_err(failed)?;
    let path = config.data.join("serve.lock");
    let mut file = File::options().create(true).read(true).write(true).truncate(false).open(path).map_err(failed)?;
    // One that is just ending, or a program that it was just starting, may hold it a moment longer.
    let began = Instant::now();
    while let Err(held) = file.try_lock() {
        if began.elapsed() > HELD_A_MOMENT {
            tracing::info!(%held, "the folder is in use");
            return Err(StartError::InUse(config.data.clone()));
        }
        tokio::time::sleep(HELD_A_MOMENT / 20).await;
    }
    let mut name = String::new();
    file.read_to_string(&mut name).map_err(failed)?;
    if let Ok(worker) = Uuid::parse_str(&name) {
        return Ok((file, worker));
    }
    let worker = Uuid::new_v4();
    file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
    file.write_all(worker.to_string().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok((file, worker))
}
