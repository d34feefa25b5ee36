//! `POST /v1/activations`: four facts against the register.
//!
//! A mismatch is one answer, `identity.not_confirmed`, whichever fact was wrong and also where the person is unknown:
//! the same document, after the same work, no sooner than [`SLOWEST_CHECK`] after the call came in, so that the time
//! says nothing either.
//!
//! Whoever helps and is signed in at the desk presents the session: a clerk at the office, a volunteer at the door. The record
//! will say who it was. A clerk serves the area where the pension is insured (`desk.nobody_found` otherwise), a volunteer the
//! people on their lists (`desk.not_listed`); the facts are asked for as ever, and what is wrong with them is told alike.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use jianzai_wire::api::{Activation, ActivationRequest, Consent, ConsentBy, Problem};
use jianzai_wire::desk::{ReadReason, StaffRole};
use jianzai_wire::{Mode, ReasonCode};
use sea_orm::ActiveValue::Set;
use tokio::time::Instant;
use uuid::Uuid;

use crate::accounts::SignedIn;
use crate::accounts::signed_in::Helpers;
use crate::app::App;
use crate::channels::link::{Link, follow};
use crate::clock::to_time;
use crate::db::entity::activation;
use crate::desk::access::{Outcome, Read, What, is_served};
use crate::desk::visits::on_list;
use crate::keys::Role;
use crate::limits::{Counters, Subjects, Unless};
use crate::problem::{Body, Refusal};
use crate::year::channel::Channel;
use crate::year::dates::china;
use crate::year::names::Named as _;
use crate::{register, token};

/// An activation lets attempts be started for so long.
const VALID_MS: i64 = 30 * 60_000;
/// The check itself takes a few milliseconds; a refusal is told no sooner than this.
const SLOWEST_CHECK: Duration = Duration::from_millis(120);

/// Match four facts with the register and record the consent.
#[utoipa::path(post, path = "/v1/activations", tag = "certification", security((), ("desk" = [])), request_body = ActivationRequest, responses(
    (status = 201, body = Activation, description = "The facts match."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`: a \
        session was presented, and is over."),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`identity.not_confirmed`: \
        at least one fact does not match; which one is not said. `desk.not_listed`, `account.not_allowed`: of whoever is \
        signed in."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`: the \
        clerk who is signed in serves another area."),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`link.not_valid`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`input.*`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(request): Body<ActivationRequest>,
) -> Result<(StatusCode, axum::Json<Activation>), Refusal> {
    let arrived = Instant::now();
    check_consent(&request.consent)?;
    ed25519_dalek::VerifyingKey::from_bytes(request.device_key.as_bytes()).map_err(|_| ReasonCode::InputBodyInvalid)?;
    let link = request.link.as_ref().map(|token| follow(&app.keys, token, china(app.clock.now()))).transpose();
    let link = link.map_err(|_| ReasonCode::LinkNotValid)?;
    let helper = SignedIn::if_any(&app, &headers).await?;
    if helper.is_some() && request.mode != Mode::Assisted {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    let asking = Asking { address: client_address(&app, peer, &headers), link, helper };
    let checked = match check(&app, &request, asking).await {
        Ok(checked) => checked,
        Err(refusal) => {
            // The facts have been looked at: how long that took says nothing either.
            tokio::time::sleep_until(arrived + SLOWEST_CHECK).await;
            return Err(refusal);
        }
    };
    tokio::time::sleep(checked.delay).await;
    match checked.came {
        Ok(activation) => Ok((StatusCode::CREATED, axum::Json(activation))),
        Err(reason) => {
            tokio::time::sleep_until(arrived + checked.delay + SLOWEST_CHECK).await;
            Err(reason.into())
        }
    }
}

/// Who asks, beside what they say.
struct Asking {
    address: IpAddr,
    link: Option<Link>,
    /// Who is signed in and holds the phone.
    helper: Option<SignedIn<Helpers>>,
}

/// What the register said, and how long the answer must be delayed.
struct Checked {
    delay: Duration,
    came: Result<Activation, ReasonCode>,
}

async fn check(app: &App, request: &ActivationRequest, asking: Asking) -> Result<Checked, Refusal> {
    let Asking { address, link, helper } = asking;
    let key = app.keys.current(Role::IdHash).ok_or(ReasonCode::ServerInternal)?;
    let id_hash = register::id_hash(key, &request.person.id_number);
    let subjects = Subjects { device: request.device_key.as_bytes(), address, id_hash: &id_hash };
    let counters = Counters::of(&subjects, &app.keys).ok_or(ReasonCode::ServerInternal)?;
    let now = app.clock.now();
    let confirmed = register::confirm(app.store.reads(), &app.keys, &app.nobody, &request.person).await?;
    // Whose link it is not, has not confirmed who they are.
    let Some(beneficiary) = confirmed.filter(|person| link.is_none_or(|link| link.beneficiary == *person)) else {
        let delay = count_failure(app, &counters, None, now).await?;
        return Ok(Checked { delay, came: Err(ReasonCode::IdentityNotConfirmed) });
    };
    let (token, digest) = token::fresh()?;
    let activation = Activation { token, expires_at: to_time(now + VALID_MS) };
    let mut row = row(request, beneficiary, digest, now);
    // Into the app: who holds the phone says which way it is.
    let way = link.map(|link| link.channel).filter(|channel| *channel != Channel::AppSelf);
    row.channel = Set(way.map(|channel| channel.name().to_owned()));
    if let Some(helper) = helper {
        match helped(app, &helper, beneficiary).await? {
            Ok(channel) => row.channel = Set(Some(channel.name().to_owned())),
            Err(outcome) => {
                let (what, reason, sought) = (What::Channel, ReadReason::Asked, Some(id_hash));
                let read = Read { what, reason, reference: None, sought, outcome };
                let delay = count_failure(app, &counters, Some((&helper, read)), now).await?;
                let not_listed = outcome == Outcome::NotListed;
                let reason = if not_listed { ReasonCode::DeskNotListed } else { ReasonCode::DeskNobodyFound };
                return Ok(Checked { delay, came: Err(reason) });
            }
        }
        row.helper_id = Set(Some(helper.account.id));
    }
    if counters.insert(app.store.single(), row.clone(), Unless::Delayed, now).await? {
        return Ok(Checked { delay: Duration::ZERO, came: Ok(activation) });
    }
    let delay = counters.check(app.store.reads(), now).await??;
    if counters.insert(app.store.single(), row, Unless::Refused, now).await? {
        return Ok(Checked { delay, came: Ok(activation) });
    }
    // Others have failed within the last moment: the answer is what wrong facts would get.
    counters.check(app.store.reads(), now).await??;
    Err(Refusal::wait(1))
}

/// By which way somebody certifies whom an account helps; or why it may not help them.
async fn helped(app: &App, helper: &SignedIn<Helpers>, beneficiary: Uuid) -> Result<Result<Channel, Outcome>, Refusal> {
    let now = app.clock.now();
    if helper.account.role == StaffRole::Volunteer {
        let listed = on_list(app.store.reads(), helper.account.id, beneficiary, now).await?;
        return Ok(listed.map(|_| Channel::AppAssisted).ok_or(Outcome::NotListed));
    }
    if !is_served(app, app.store.reads(), helper, beneficiary).await? {
        return Ok(Err(Outcome::Elsewhere));
    }
    let at_office = app.rules(beneficiary).await?.on(china(now).date()).allows(Channel::OfficePhone);
    Ok(Ok(if at_office { Channel::OfficePhone } else { Channel::AppAssisted }))
}

/// Counts a failure, and says how long its answer is delayed. Right facts of somebody whom an account may not help count as if
/// they were wrong, or it would be a way to try facts without limit; and it is put down whom they sought.
async fn count_failure(
    app: &App,
    counters: &Counters,
    sought: Option<(&SignedIn<Helpers>, Read)>,
    now: i64,
) -> Result<Duration, Refusal> {
    // Whoever is over the limit does not queue to write.
    counters.check(app.store.reads(), now).await??;
    let tx = app.store.begin("count failure").await?;
    let delay = counters.check(&*tx, now).await??;
    counters.count(&*tx, now).await?;
    if let Some((helper, read)) = sought {
        read.log(&tx, helper, now).await?;
    }
    tx.commit().await?;
    Ok(delay)
}

fn row(request: &ActivationRequest, beneficiary: Uuid, digest: [u8; 32], now: i64) -> activation::ActiveModel {
    let mode = match request.mode {
        Mode::OwnPhone => "self",
        Mode::Assisted => "assisted",
    };
    activation::ActiveModel {
        id: Set(Uuid::now_v7()),
        beneficiary_id: Set(beneficiary),
        token_digest: Set(digest.to_vec()),
        device_key: Set(request.device_key.0.to_vec()),
        mode: Set(mode.to_owned()),
        consent_text: Set(request.consent.text_version.clone()),
        consent_by: Set(by_whom(&request.consent).to_owned()),
        created_at: Set(now),
        expires_at: Set(now + VALID_MS),
        attempts: Set(0),
        channel: Set(None),
        helper_id: Set(None),
    }
}

/// Who agreed, as it is stored.
pub(crate) fn by_whom(consent: &Consent) -> &'static str {
    match consent.by {
        ConsentBy::Beneficiary => "beneficiary",
        ConsentBy::BeneficiarySpoken => "beneficiary_spoken",
    }
}

/// A consent must say to which text.
pub(crate) fn check_consent(consent: &Consent) -> Result<(), ReasonCode> {
    let version = consent.text_version.as_str();
    let plain = version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if plain && (1..=64).contains(&version.len()) { Ok(()) } else { Err(ReasonCode::InputConsentMissing) }
}

/// The caller's address: the peer's, or what one's own proxy says it was.
pub(crate) fn client_address(app: &App, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded = || {
        headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    if app.config.behind_proxy { forwarded().unwrap_or(peer.ip()) } else { peer.ip() }
}
