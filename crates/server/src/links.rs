//! `POST /v1/links`: what the app gets from a link that led to it.
//!
//! **In**: what the link carries. **Out**: by which way the person comes, and until when; the app hands the same token on
//! with the four facts ([`crate::activation`]), which are asked for as ever. **What can go wrong**: it was altered, made
//! elsewhere, or its days are over: one answer, `link.not_valid`, which says nothing else; an address that tries many waits.
//!
//! `GET /v1/links/{token}` is the same for whoever opens the address itself, in a browser as a page with a button that leads into the
//! app; no line of the log holds it.

mod page;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use jianzai_wire::api::Problem;
use jianzai_wire::channels::{FollowRequest, LinkChannel, OpenLink};
use jianzai_wire::{ReasonCode, Secret};

use crate::activation::client_address;
use crate::app::App;
use crate::channels::link::follow;
use crate::limits::Counters;
use crate::problem::{self, Body, Refusal};
use crate::year::channel::Channel;
use crate::year::dates::china;

/// Follow a link.
#[utoipa::path(post, path = "/v1/links", tag = "certification", request_body = FollowRequest, responses(
    (status = 200, body = OpenLink, description = "It can be used, as often as needed; it authorises nothing."),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`link.not_valid`: altered, \
        foreign, or over; which is not said."),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(request): Body<FollowRequest>,
) -> Result<Json<OpenLink>, Refusal> {
    followed(&app, peer, &headers, &request.token).await
}

/// The same, by the address of the link.
#[utoipa::path(get, path = "/v1/links/{token}", tag = "certification",
    params(("token" = String, Path, description = "What the link carries.")), responses(
    (status = 200, body = OpenLink, description = "To a browser a page that leads into the app."),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`link.not_valid`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn visit(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, Refusal> {
    let token = Secret::new(token);
    let followed = followed(&app, peer, &headers, &token).await;
    if !page::is_wanted(&headers) {
        return followed.map(Json::into_response);
    }
    let language = problem::language(&headers);
    Ok(match followed {
        Ok(Json(open)) => page::good(&token, open.until, language),
        Err(refusal) => page::refused(refusal, language),
    })
}

async fn followed(app: &App, peer: SocketAddr, headers: &HeaderMap, token: &Secret) -> Result<Json<OpenLink>, Refusal> {
    let now = app.clock.now();
    let counters = Counters::at_link(client_address(app, peer, headers), &app.keys);
    let counters = counters.ok_or(ReasonCode::ServerInternal)?;
    counters.check(app.store.reads(), now).await??;
    let link = follow(&app.keys, token, china(now)).ok();
    match link.and_then(|link| Some((told(link.channel)?, link.until))) {
        Some((channel, until)) => Ok(Json(OpenLink { channel, until })),
        None => {
            let tx = app.store.begin("link refused").await?;
            counters.count(&*tx, now).await?;
            tx.commit().await?;
            Err(ReasonCode::LinkNotValid.into())
        }
    }
}

fn told(channel: Channel) -> Option<LinkChannel> {
    match channel {
        Channel::ECardLink => Some(LinkChannel::ECardLink),
        Channel::WebPortal => Some(LinkChannel::WebPortal),
        Channel::AppSelf => Some(LinkChannel::App),
        _ => None,
    }
}
