//! What somebody says at the counter or on the phone: `POST /v1/desk/appeals`, `/contacts`, `/opt_outs`.
//!
//! **In**: somebody of the clerk's area, and what they want. **Out**: an appeal that waits for a clerk (whoever was suspended
//! without an attempt of their own has no other way to one), an address that messages go to, or a wish to be told only what the
//! law demands. Each is put down in the linked log with the clerk's name: an address given falsely leads notices away.
//! **What can go wrong**: nobody of the area has the number (`desk.nobody_found`); the address does not fit its way
//! (`input.body_invalid`); today's appeal was decided already (`appeal.decided_lately`).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jianzai_wire::IdNumber;
use jianzai_wire::api::{Appeal, Problem};
use jianzai_wire::desk::ReadReason;
use jianzai_wire::wishes::{AppealForRequest, ContactRequest, OptOutRequest, Reached, ReachedBy};

use super::access::{Wanted, What, Who, served};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::appeal::{Taken, checked, take};
use crate::chronicle::reviews::Opening;
use crate::db::entity::beneficiary;
use crate::messages::ContactWay;
use crate::problem::{Body, Refusal};
use crate::year::dates::china;
use crate::year::policy::{Medium, Recipient};
use crate::year::record::Party;

/// Take an appeal at the counter. Until it is decided nothing is withheld.
#[utoipa::path(post, path = "/v1/desk/appeals", tag = "desk", security(("desk" = [])), request_body = AppealForRequest,
    responses(
    (status = 201, body = Appeal, description = "A clerk looks at it; nothing is withheld meanwhile."),
    (status = 200, body = Appeal, description = "An appeal of theirs is open already."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`appeal.decided_lately`: one \
        was taken and decided today."),
))]
pub(crate) async fn appeal(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<AppealForRequest>,
) -> Result<(StatusCode, Json<Appeal>), Refusal> {
    let statement = checked(request.statement)?;
    let person = person(&app, &signed_in, &request.id_number, ReadReason::Appeal).await?;
    let tx = app.store.begin("appeal at the counter").await?;
    let opening = Opening::appeal(person.id, None, statement);
    match take(&tx, &app.keys, person.id, opening, Some(signed_in.account.id), app.clock.now()).await? {
        Taken::Open(answer) => Ok((StatusCode::OK, answer)),
        Taken::New(answer) => {
            tx.commit().await?;
            Ok((StatusCode::CREATED, answer))
        }
    }
}

/// Put down how somebody, or their family, can be reached.
#[utoipa::path(post, path = "/v1/desk/contacts", tag = "desk", security(("desk" = [])), request_body = ContactRequest,
    responses(
    (status = 204, description = "Messages go there first from now on."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`input.body_invalid`: it is \
        no address for that way."),
))]
pub(crate) async fn contact(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<ContactRequest>,
) -> Result<StatusCode, Refusal> {
    let person = person(&app, &signed_in, &request.id_number, ReadReason::Asked).await?;
    let way = ContactWay {
        recipient: recipient(request.recipient),
        medium: medium(request.medium),
        address: request.address,
        language: request.language,
    };
    let clerk = Party::Staff(signed_in.account.id);
    app.office().add_way(person.id, &way, clerk, china(app.clock.now())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put down that somebody, or their family, wants the legal notices only, or all messages again.
#[utoipa::path(post, path = "/v1/desk/opt_outs", tag = "desk", security(("desk" = [])), request_body = OptOutRequest,
    responses(
    (status = 204, description = "So it is from now on."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
))]
pub(crate) async fn opt_out(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<OptOutRequest>,
) -> Result<StatusCode, Refusal> {
    let person = person(&app, &signed_in, &request.id_number, ReadReason::Asked).await?;
    let (who, now) = (recipient(request.recipient), china(app.clock.now()));
    app.office().opt_out(person.id, who, request.only_legal, signed_in.account.id, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever says it; the read is logged.
async fn person(
    app: &App,
    by: &SignedIn<Clerks>,
    id_number: &IdNumber,
    reason: ReadReason,
) -> Result<beneficiary::Model, Refusal> {
    served(app, by, Wanted { who: Who::Number(id_number), what: What::Channel, reason, reference: None }).await
}

fn recipient(reached: Reached) -> Recipient {
    match reached {
        Reached::Elder => Recipient::Elder,
        Reached::Family => Recipient::Family,
    }
}

fn medium(by: ReachedBy) -> Medium {
    match by {
        ReachedBy::Sms => Medium::Sms,
        ReachedBy::Wechat => Medium::Wechat,
        ReachedBy::App => Medium::App,
        ReachedBy::Call => Medium::Call,
        ReachedBy::Letter => Medium::Letter,
    }
}
