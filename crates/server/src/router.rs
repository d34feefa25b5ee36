//! Every route of the service, and what stands around them all. The OpenAPI document is made from this list.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jianzai_wire::ReasonCode;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::{invitation, login, logout};
use crate::app::App;
use crate::desk::{
    by_people, calls, case, decide, due, evidence, flagged, in_vain, letters, links as desk_links, lists, oversight,
    person, post, reviews, rosters, scan, visit_reports, visits, wishes,
};
use crate::messages::receipts;
use crate::problem::{self, Refusal};
use crate::{activation, appeal, attempts, commit, leases, links, metrics, outcome, revoked, steps, tus, uploads};

/// Larger than any request but a piece of evidence.
const BODY_LIMIT: usize = 64 << 10;
/// A list of an employer, with whatever columns it has beside those that are read.
const LIST_LIMIT: usize = 1 << 20;
/// A scan of 20 MB as base64.
const SCAN_LIMIT: usize = 28 << 20;
/// No call but a piece of evidence takes so long.
const CALL_LIMIT: Duration = Duration::from_secs(20);

fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(outcome::keys))
        .routes(routes!(revoked::list))
        .routes(routes!(activation::activate))
        .routes(routes!(attempts::start))
        .routes(routes!(steps::next))
        .routes(routes!(commit::commit))
        .routes(routes!(leases::bring_back))
        .routes(routes!(outcome::state))
        .routes(routes!(outcome::picture))
        .routes(routes!(outcome::sheet))
        .routes(routes!(appeal::appeal))
        .routes(routes!(links::open))
        .routes(routes!(links::visit))
        .routes(routes!(receipts::take))
        .merge(desk())
        .layer(middleware::from_fn(in_time))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// What staff and volunteers do, signed in.
fn desk() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::me))
        .routes(routes!(logout::logout))
        .routes(routes!(logout::sign_out))
        .routes(routes!(person::look_up))
        .routes(routes!(due::list))
        .routes(routes!(due::person))
        .routes(routes!(flagged::list))
        .routes(routes!(invitation::invite))
        .routes(routes!(invitation::accept))
        .routes(routes!(rosters::make))
        .routes(routes!(oversight::accesses))
        .routes(routes!(visits::all))
        .routes(routes!(visits::one))
        .routes(routes!(visit_reports::report))
        .routes(routes!(in_vain::put_down))
        .routes(routes!(visit_reports::waiting))
        .routes(routes!(visit_reports::confirm))
        .routes(routes!(leases::lend))
        .routes(routes!(reviews::waiting))
        .routes(routes!(case::open))
        .routes(routes!(evidence::part))
        .routes(routes!(decide::decide))
        .merge(by_people())
}

/// The ways by people.
fn by_people() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(by_people::seen))
        .routes(routes!(by_people::report))
        .routes(routes!(by_people::withdraw))
        .routes(routes!(wishes::appeal))
        .routes(routes!(wishes::contact))
        .routes(routes!(wishes::opt_out))
        .routes(routes!(post::issue))
        .routes(routes!(scan::scan))
        .routes(routes!(letters::returned))
        .routes(routes!(calls::offer, calls::free))
        .routes(routes!(calls::book))
        .routes(routes!(calls::outcome))
        .routes(routes!(desk_links::issue))
}

/// Lists and scans, which are larger than other calls and may take longer.
fn papers() -> OpenApiRouter<Arc<App>> {
    let lists = OpenApiRouter::new().routes(routes!(lists::take)).layer(DefaultBodyLimit::max(LIST_LIMIT));
    let scans = OpenApiRouter::new().routes(routes!(post::returned)).layer(DefaultBodyLimit::max(SCAN_LIMIT));
    lists.merge(scans)
}

fn pieces() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(tus::abilities, uploads::create))
        .routes(routes!(uploads::offset, uploads::deliver))
}

fn all() -> (Router<Arc<App>>, OpenApi) {
    OpenApiRouter::with_openapi(about()).merge(calls()).merge(papers()).merge(pieces()).split_for_parts()
}

/// The service's description, made from its routes.
pub fn openapi() -> OpenApi {
    all().1
}

/// The routes with what stands around them: words for refusals, a line in the log, and no panic that gets out.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (routes, description) = all();
    let counted = middleware::from_fn_with_state(app.clone(), log);
    routes
        .route("/health", get(|| async { StatusCode::NO_CONTENT }))
        .route("/ready", get(metrics::ready))
        .route("/openapi.json", get(move || async move { axum::Json(description) }))
        .with_state(app)
        // Answers hold tokens and certificates.
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(middleware::from_fn(problem::speak))
        .layer(counted)
}

/// Counts each call, and writes one line for it: method, route, status, time taken. No path, query, header, address or body: those name people.
async fn log(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    app.metrics.call(&method, &route, response.status(), started.elapsed());
    let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
    tracing::info!(%method, route, status, ms, "call");
    response
}

async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(CALL_LIMIT, next.run(request)).await;
    answer.unwrap_or_else(|_| Refusal::from(ReasonCode::ServerBusy).into_response())
}

/// The panic's own text may hold anything and is not repeated.
fn after_panic(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a call panicked");
    Refusal::from(ReasonCode::ServerInternal).into_response()
}

fn about() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Jianzai 健在")
        .version("1")
        .description(Some("Certifies once a year that the person who draws a pension is alive and well."));
    let bearer =
        |what| SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build());
    let components = utoipa::openapi::ComponentsBuilder::new()
        .security_scheme("activation", bearer("The token of an activation."))
        .security_scheme("attempt", bearer("The token of an attempt."))
        .security_scheme("gateway", bearer("The token that was agreed upon with the gateway that sends messages."))
        .security_scheme(
            "desk",
            bearer("The token of a session of the desk; the role that a call wants stands beside it."),
        );
    OpenApiBuilder::new().info(info.build()).components(Some(components.build())).build()
}
