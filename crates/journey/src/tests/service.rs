//! A service of one attempt, which misbehaves as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, head, post};
use axum::{Json, Router};
use jianzai_wire::api::{Appeal, AppealRequest, AttemptState, CommitReceipt, CommitRequest, Problem};
use jianzai_wire::{Bytes32, ReasonCode};
use time::OffsetDateTime;
use time::macros::date;
use uuid::Uuid;

/// What to do wrong at the next call of a kind, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Do it, and lose the answer.
    AnswerLost(Call),
    /// Don't do it: busy.
    Busy(Call),
    /// Don't do it: refuse.
    Refuse(Call, ReasonCode),
    /// Answer what something between answers, a captive portal or a proxy: a status and a page.
    Portal(Call, u16),
    /// Forget the upload, then answer.
    Forget(Call),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    State,
    Commit,
    Create,
    Offset,
    Piece,
    Appeal,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) faults: VecDeque<Fault>,
    pub(super) commits: Vec<CommitRequest>,
    pub(super) stored: Vec<u8>,
    pub(super) length: Option<u64>,
    pub(super) calls: Vec<Call>,
    /// What was said in appeals.
    pub(super) statements: Vec<Option<String>>,
    uploads: u32,
    looks: u32,
}

#[derive(Clone, Default)]
pub(super) struct Service(pub(super) Arc<Mutex<Inner>>);

pub(super) const PLAN: Bytes32 = Bytes32([7; 32]);
pub(super) const CERTIFICATE: &str = "JZ1:a-certificate";

impl Service {
    /// Serves on a free port; gives the address.
    pub(super) async fn start(faults: &[Fault]) -> (Self, String) {
        let service = Self::default();
        service.0.lock().expect("lock").faults = faults.iter().copied().collect();
        let routes = Router::new()
            .route("/v1/attempts/{id}", get(state))
            .route("/v1/attempts/{id}/commit", post(commit))
            .route("/v1/attempts/{id}/appeal", post(appeal))
            .route("/v1/uploads", post(create))
            .route("/v1/uploads/{id}", head(offset).patch(piece))
            .with_state(service.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (service, address)
    }

    /// Does a call, with the fault that is due for it.
    fn call(&self, call: Call, work: impl FnOnce(&mut Inner) -> Response) -> Response {
        let mut inner = self.0.lock().expect("lock");
        inner.calls.push(call);
        let at = inner.faults.iter().position(|fault| match fault {
            Fault::AnswerLost(at)
            | Fault::Busy(at)
            | Fault::Refuse(at, _)
            | Fault::Portal(at, _)
            | Fault::Forget(at) => *at == call,
        });
        match at.and_then(|at| inner.faults.remove(at)) {
            None => work(&mut inner),
            Some(Fault::AnswerLost(_)) => {
                let _lost = work(&mut inner);
                problem(ReasonCode::ServerBusy, 503)
            }
            Some(Fault::Busy(_)) => problem(ReasonCode::ServerBusy, 503),
            Some(Fault::Refuse(_, code)) => problem(code, 409),
            Some(Fault::Portal(_, status)) => {
                let status = StatusCode::from_u16(status).expect("a status");
                (status, "<html>log in to the network</html>").into_response()
            }
            Some(Fault::Forget(_)) => {
                (inner.length, inner.stored) = (None, Vec::new());
                work(&mut inner)
            }
        }
    }
}

pub(super) fn problem(code: ReasonCode, status: u16) -> Response {
    let problem = Problem {
        kind: format!("urn:jianzai:reason:{code}"),
        status,
        code,
        title: "…".into(),
        detail: "…".into(),
        retry_after: None,
    };
    let kind = [("content-type", "application/problem+json")];
    (StatusCode::from_u16(status).expect("a status"), kind, Json(problem)).into_response()
}

async fn state(State(service): State<Service>, Path(_): Path<Uuid>) -> Response {
    service.call(Call::State, |inner| {
        let whole = inner.length.is_some_and(|length| length == inner.stored.len() as u64);
        let state = match (inner.commits.is_empty(), whole) {
            (true, _) => AttemptState::Open,
            (false, false) => AttemptState::Committed,
            (false, true) => {
                inner.looks += 1;
                match inner.looks {
                    1 => AttemptState::Accepted,
                    _ => AttemptState::Certified { certificate: CERTIFICATE.into() },
                }
            }
        };
        Json(state).into_response()
    })
}

async fn commit(State(service): State<Service>, Path(_): Path<Uuid>, Json(request): Json<CommitRequest>) -> Response {
    service.call(Call::Commit, |inner| {
        inner.commits.push(request);
        let now = OffsetDateTime::UNIX_EPOCH;
        Json(CommitReceipt { committed_at: now, deliver_by: now + time::Duration::days(3), plan_hash: PLAN })
            .into_response()
    })
}

async fn appeal(State(service): State<Service>, Path(_): Path<Uuid>, Json(request): Json<AppealRequest>) -> Response {
    service.call(Call::Appeal, |inner| {
        inner.statements.push(request.statement.map(|words| words.expose().to_owned()));
        (StatusCode::CREATED, Json(Appeal { answer_by: date!(2026 - 12 - 12) })).into_response()
    })
}

async fn create(State(service): State<Service>, headers: HeaderMap) -> Response {
    service.call(Call::Create, |inner| {
        inner.uploads += 1;
        inner.length = number(&headers, "Upload-Length");
        inner.stored.clear();
        (StatusCode::CREATED, [("Location", format!("/v1/uploads/{}", inner.uploads))]).into_response()
    })
}

async fn offset(State(service): State<Service>, Path(id): Path<u32>) -> Response {
    service.call(Call::Offset, |inner| match inner.length {
        Some(_) if id == inner.uploads => at_offset(inner),
        _ => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn piece(State(service): State<Service>, Path(id): Path<u32>, headers: HeaderMap, body: Bytes) -> Response {
    service.call(Call::Piece, |inner| {
        if inner.length.is_none() || id != inner.uploads {
            return problem(ReasonCode::UploadNotFound, 404);
        }
        if number(&headers, "Upload-Offset") != Some(inner.stored.len() as u64) {
            return problem(ReasonCode::UploadBadOffset, 409);
        }
        inner.stored.extend_from_slice(&body);
        at_offset(inner)
    })
}

fn at_offset(inner: &Inner) -> Response {
    (StatusCode::NO_CONTENT, [("Upload-Offset", inner.stored.len().to_string())]).into_response()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
