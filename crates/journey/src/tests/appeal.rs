//! Appeals over a network that fails.

use jianzai_wire::{Language, ReasonCode, Secret};
use time::macros::date;
use uuid::Uuid;

use super::service::{Call, Fault, Service};
use crate::appeal::RefusedAttempt;
use crate::client::Client;

async fn refused(faults: &[Fault]) -> (Service, RefusedAttempt) {
    let (service, server) = Service::start(faults).await;
    let client = Client::new(&server, Language::En).expect("an address");
    (service, RefusedAttempt { client, attempt: Uuid::from_u128(5), token: Secret::new("token".into()) })
}

#[tokio::test]
async fn an_appeal_is_made_again_until_there_is_an_answer() {
    let (service, refused) = refused(&[Fault::Busy(Call::Appeal), Fault::AnswerLost(Call::Appeal)]).await;
    let appeal = refused.appeal(Some(Secret::new("still here".into()))).await.expect("answered");
    assert_eq!(appeal.answer_by, date!(2026 - 12 - 12));
    let inner = service.0.lock().expect("lock");
    assert_eq!(inner.calls, [Call::Appeal; 3]);
    // The service knows the same appeal by its attempt.
    assert_eq!(inner.statements, [Some("still here".to_owned()), Some("still here".to_owned())]);
}

#[tokio::test]
async fn what_the_service_says_against_it_is_told_at_once() {
    let (service, refused) = refused(&[Fault::Refuse(Call::Appeal, ReasonCode::AppealDecidedLately)]).await;
    assert_eq!(refused.appeal(None).await, Err(ReasonCode::AppealDecidedLately));
    assert_eq!(service.0.lock().expect("lock").calls.len(), 1);
}
