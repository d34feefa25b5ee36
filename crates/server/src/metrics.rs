//! What the service counts, in OpenMetrics text, for Prometheus.
//!
//! **In**: every call (method, route, status, time), every judgement; at each scrape how much waits. **Out**: `GET /metrics`
//! on an address of its own: nothing is told where calls come in, and without `--metrics` nothing is told at all. **What can
//! go wrong**: the database does not answer; then the scrape is refused, which is what an alarm watches for.
//!
//! Labels are closed lists (routes as they are declared, codes, outcomes): nothing that a caller sent becomes one, and so
//! nothing personal does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::db::desk_entity::audit_head;
use crate::db::entity::{State, job};

/// Seconds; a call that judges nothing takes milliseconds, and none may take longer than twenty.
const BUCKETS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 20.0];
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    route: String,
    status: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// The counters.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
    judged: Family<OutcomeLabel, Counter>,
    waiting: Gauge,
    oldest: Gauge,
    logged: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("jianzai"),
            calls: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            judged: Family::default(),
            waiting: Gauge::default(),
            oldest: Gauge::default(),
            logged: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("calls", "Calls that were answered", metrics.calls.clone());
        registry.register("call_seconds", "Time until the answer", metrics.seconds.clone());
        registry.register("judged", "Attempts that were judged", metrics.judged.clone());
        registry.register("jobs_waiting", "Attempts that wait to be judged", metrics.waiting.clone());
        registry.register("oldest_job_seconds", "How long the oldest of them has waited", metrics.oldest.clone());
        registry.register("log_entries", "Entries of the linked log", metrics.logged.clone());
        metrics
    }

    /// Counts a call. `route` is as declared, `-` where none was.
    pub(crate) fn call(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let (route, method) = (route.to_owned(), known(method));
        self.seconds.get_or_create(&RouteLabel { route: route.clone() }).observe(took.as_secs_f64());
        self.calls.get_or_create(&CallLabels { method, route, status: status.as_u16().into() }).inc();
    }

    /// Counts a judgement.
    pub(crate) fn judged(&self, state: State) {
        let outcome = match state {
            State::Certified => "certified",
            State::Refused => "refused",
            State::Review | State::Open | State::Committed | State::Accepted => "review",
        };
        self.judged.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Everything as text, with what waits now.
    async fn text(&self, app: &App) -> Result<String, ScrapeError> {
        let (db, now) = (app.store.reads(), app.clock.now());
        let waiting = job::Entity::find().filter(job::Column::DoneAt.is_null());
        let oldest = waiting.clone().order_by_asc(job::Column::RunAt).one(db).await?;
        self.waiting.set(i64::try_from(waiting.count(db).await?).unwrap_or(i64::MAX));
        self.oldest.set(oldest.map_or(0, |job| (now - job.run_at).max(0) / 1_000));
        self.logged.set(audit_head::Entity::find().one(db).await?.map_or(0, |head| head.seq));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[derive(Debug, thiserror::Error)]
enum ScrapeError {
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    #[error(transparent)]
    Encoding(#[from] std::fmt::Error),
}

/// Methods that are used here; whoever makes up others does not make up labels.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Answers scrapes until stopped.
pub(crate) async fn answer(app: Arc<App>, listener: TcpListener, stop: CancellationToken) {
    let routes = Router::new()
        .route("/metrics", get(scrape))
        .route("/health", get(|| async { StatusCode::NO_CONTENT }))
        .route("/ready", get(ready))
        .with_state(app)
        .into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::error!(%error, "serving metrics ended");
    }
}

async fn scrape(Shared(app): Shared<Arc<App>>) -> Response {
    match app.metrics.text(&app).await {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Whether calls can be answered: the database is there.
pub(crate) async fn ready(Shared(app): Shared<Arc<App>>) -> StatusCode {
    match app.store.ping().await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::warn!(%error, "not ready");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
