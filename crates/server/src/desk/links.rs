//! `POST /v1/desk/links`: a link for somebody of the area, for the electronic social-security card, a portal, or the app itself.
//!
//! The link authorises nothing: the four facts are asked for as ever. It is told this once and kept nowhere.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jianzai_wire::api::Problem;
use jianzai_wire::channels::{IssuedLink, LinkChannel, LinkRequest};
use jianzai_wire::desk::ReadReason;
use jianzai_wire::{ReasonCode, Secret};

use super::access::{Wanted, What, Who, served};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::channels::Link;
use crate::channels::link::{is_open, token};
use crate::problem::{Body, Refusal};
use crate::year::channel::Channel;
use crate::year::dates::{china, days_after};
use crate::year::names::Named as _;

/// A link is good for so many days at most.
const MOST_DAYS: u8 = 90;

/// Issue a link.
#[utoipa::path(post, path = "/v1/desk/links", tag = "desk", security(("desk" = [])), request_body = LinkRequest, responses(
    (status = 201, body = IssuedLink, description = "It can be used until its day is over, as often as needed."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`, \
        `input.body_invalid`"),
))]
pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<LinkRequest>,
) -> Result<(StatusCode, Json<IssuedLink>), Refusal> {
    if !(1..=MOST_DAYS).contains(&request.days) {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    let channel = match request.channel {
        LinkChannel::ECardLink => Channel::ECardLink,
        LinkChannel::WebPortal => Channel::WebPortal,
        LinkChannel::App => Channel::AppSelf,
    };
    let wanted = Wanted {
        who: Who::Number(&request.id_number),
        what: What::Channel,
        reason: ReadReason::Asked,
        reference: None,
    };
    let person = served(&app, &signed_in, wanted).await?;
    let now = app.clock.now();
    let today = china(now).date();
    if !is_open(app.rules(person.id).await?.on(today), channel) {
        return Err(ReasonCode::ChannelClosed.into());
    }
    let until = days_after(today, i64::from(request.days));
    let token = token(&app.keys, &Link { beneficiary: person.id, channel, until });
    let token = Secret::new(token.map_err(|error| Refusal::internal(&error))?);
    let tx = app.store.begin("issue link").await?;
    let entry = Entry::of(Action::LinkIssued, person.id).by(signed_in.account.id).detail(channel.name());
    audit::append(&tx, now, entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(IssuedLink { token, until })))
}
