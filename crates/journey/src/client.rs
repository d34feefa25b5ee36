//! The service, as seen from the phone: one typed call per route of [`jianzai_wire::api`].
//!
//! **In**: the typed requests and the tokens that authorise them. **Out**: the typed answers. **What can go wrong**:
//! [`ClientError`]: nobody answers ([`ClientError::Unreachable`]), the service refuses with a problem document
//! ([`ClientError::Refused`]), or something that isn't the service answers ([`ClientError::Garbled`]). A call is made
//! once; [`crate::backoff`] says which failures are worth another try and when.
//!
//! TLS is rustls with `ring` and the roots of Mozilla's programme compiled in, so that it is the same on every phone.
//! Facts about a person travel only over TLS: plain `http` is accepted for this very machine alone.

use std::time::Duration;

use bytes::Bytes;
use jianzai_wire::api::{
    Activation, ActivationRequest, Appeal, AppealRequest, Attempt, AttemptRequest, AttemptState, CommitReceipt,
    CommitRequest, Keys, Problem, StepAnswer, StepRequest,
};
use jianzai_wire::lease::{Lease, LeaseRequest, LeaseReturn};
use jianzai_wire::{Language, ReasonCode, Secret};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// How long to wait for the answer to one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest answer read into memory: a certificate as PDF with its embedded font is well below.
const LARGEST_ANSWER: u64 = 8_000_000;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection, or it broke before the answer was complete.
    #[error("the service cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The service answered with a reason.
    #[error("refused: {}", .0.code)]
    Refused(Box<Problem>),
    /// The answer is not one that the service gives: a captive portal, a proxy, a service of another version.
    #[error("an answer that is not the service's (status {status})")]
    Garbled {
        /// HTTP status.
        status: u16,
    },
}

impl ClientError {
    /// The reason, as told to a person.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Unreachable(_) => ReasonCode::NetworkUnreachable,
            Self::Refused(problem) => problem.code,
            Self::Garbled { status } if *status >= 500 => ReasonCode::ServerBusy,
            Self::Garbled { .. } => ReasonCode::NetworkUnreachable,
        }
    }

    /// Whether the same call may succeed later without anything having changed on this side.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(problem) => {
                problem.status >= 500 || matches!(problem.code, ReasonCode::ServerBusy | ReasonCode::LimitTooManyTries)
            }
            Self::Garbled { .. } => true,
        }
    }

    /// How long the service asks to wait before another try.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(problem) => problem.retry_after.map(|seconds| Duration::from_secs(seconds.into())),
            _ => None,
        }
    }
}

/// The address of a service cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadServerUrl {
    /// Not an `http` or `https` URL.
    #[error("{0:?} is not the address of a service (https://host or, on this machine, http://127.0.0.1:port)")]
    NotAnAddress(String),
    /// Plain HTTP to another machine would show the person's facts to everyone on the way.
    #[error("{0:?} is not encrypted; https is needed for any machine but this one")]
    NotEncrypted(String),
}

/// A service that can be called. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    language: Language,
}

impl Client {
    /// A client of the service at `server`, whose problem documents are asked for in `language`.
    pub fn new(server: &str, language: Language) -> Result<Self, BadServerUrl> {
        let base = parse_server(server)?;
        let not_an_address = || BadServerUrl::NotAnAddress(server.to_owned());
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("jianzai/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls_config().map_err(|_| not_an_address())?);
        if is_this_machine(&base) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|_| not_an_address())?;
        Ok(Self { http, base, language })
    }

    /// The address, as kept in the outbox.
    pub fn server(&self) -> &str {
        self.base.as_str()
    }

    /// The same service, asked in `language`.
    pub fn speaking(&self, language: Language) -> Self {
        Self { language, ..self.clone() }
    }

    /// The language that reasons are asked for in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The keys that certificates are signed with.
    pub async fn keys(&self) -> Result<Keys, ClientError> {
        self.json(self.request(Method::GET, "v1/keys")).await
    }

    /// The signed list of revoked certificates, as text.
    pub async fn revoked(&self) -> Result<Bytes, ClientError> {
        let request = self.request(Method::GET, "v1/revoked");
        body(accepted(request.send().await.map_err(ClientError::Unreachable)?).await?).await
    }

    /// Matches four facts with the register; with the session of whoever helps and is signed in, if somebody is.
    pub async fn activate(
        &self,
        session: Option<&Secret>,
        request: &ActivationRequest,
    ) -> Result<Activation, ClientError> {
        self.post("v1/activations", session, request).await
    }

    /// Starts an attempt.
    pub async fn attempt(&self, activation: &Secret, request: &AttemptRequest) -> Result<Attempt, ClientError> {
        self.post("v1/attempts", Some(activation), request).await
    }

    /// Asks for the next step.
    pub async fn step(&self, attempt: Uuid, token: &Secret, request: &StepRequest) -> Result<StepAnswer, ClientError> {
        self.post(&format!("v1/attempts/{attempt}/steps"), Some(token), request).await
    }

    /// Commits a capture.
    pub async fn commit(
        &self,
        attempt: Uuid,
        token: &Secret,
        request: &CommitRequest,
    ) -> Result<CommitReceipt, ClientError> {
        self.post(&format!("v1/attempts/{attempt}/commit"), Some(token), request).await
    }

    /// Takes a plan along, as the volunteer of `session`.
    pub async fn lease(&self, session: &Secret, request: &LeaseRequest) -> Result<Lease, ClientError> {
        self.post("v1/desk/leases", Some(session), request).await
    }

    /// Brings back what came of a plan.
    pub async fn bring_back(
        &self,
        attempt: Uuid,
        token: &Secret,
        request: &LeaseReturn,
    ) -> Result<CommitReceipt, ClientError> {
        self.post(&format!("v1/attempts/{attempt}/return"), Some(token), request).await
    }

    /// Where an attempt stands.
    pub async fn state(&self, attempt: Uuid, token: &Secret) -> Result<AttemptState, ClientError> {
        self.json(self.request(Method::GET, &format!("v1/attempts/{attempt}")).bearer_auth(token.expose())).await
    }

    /// Appeals against what came of an attempt.
    pub async fn appeal(&self, attempt: Uuid, token: &Secret, request: &AppealRequest) -> Result<Appeal, ClientError> {
        self.post(&format!("v1/attempts/{attempt}/appeal"), Some(token), request).await
    }

    /// The certificate of an attempt, drawn: `file` is `certificate.png` or `certificate.pdf`.
    pub async fn drawn_certificate(&self, attempt: Uuid, token: &Secret, file: &str) -> Result<Bytes, ClientError> {
        let path = format!("v1/attempts/{attempt}/{file}");
        let request = self.request(Method::GET, &path).bearer_auth(token.expose());
        let response = accepted(request.send().await.map_err(ClientError::Unreachable)?).await?;
        body(response).await
    }

    /// tus creation: makes room for an upload of `length` bytes. Answers where to send it.
    pub async fn create_upload(&self, token: &Secret, length: u64) -> Result<String, ClientError> {
        let request = self.tus(Method::POST, "v1/uploads", token).header("Upload-Length", length);
        let response = accepted(request.send().await.map_err(ClientError::Unreachable)?).await?;
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let absolute = location.and_then(|text| response.url().join(text).ok());
        // An upload goes to the service that was asked, wherever it says it lives.
        match absolute.filter(|url| url.origin() == self.base.origin()) {
            Some(url) => Ok(url.into()),
            None => Err(ClientError::Garbled { status }),
        }
    }

    /// tus HEAD: how many bytes of the upload are durable on the other side.
    pub async fn upload_offset(&self, upload: &str, token: &Secret) -> Result<u64, ClientError> {
        let response = self.tus(Method::HEAD, upload, token).send().await.map_err(ClientError::Unreachable)?;
        match of_upload(response.status()) {
            Some(refused) => Err(refused),
            None => read_offset(&accepted(response).await?),
        }
    }

    /// tus PATCH: sends `piece`, which begins at `offset`. Answers the new durable offset.
    pub async fn upload_piece(
        &self,
        upload: &str,
        token: &Secret,
        offset: u64,
        piece: Bytes,
    ) -> Result<u64, ClientError> {
        let request = self
            .tus(Method::PATCH, upload, token)
            .header("Upload-Offset", offset)
            .header(CONTENT_TYPE, "application/offset+octet-stream")
            .body(piece);
        read_offset(&accepted(request.send().await.map_err(ClientError::Unreachable)?).await?)
    }

    fn tus(&self, method: Method, path: &str, token: &Secret) -> RequestBuilder {
        self.request(method, path).header("Tus-Resumable", "1.0.0").bearer_auth(token.expose())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        // `path` is a fixed route, or an upload's URL that was checked against the base when it was created.
        let url = self.base.join(path).ok().filter(|url| url.origin() == self.base.origin());
        self.http
            .request(method, url.unwrap_or_else(|| self.base.clone()))
            .header(ACCEPT, "application/json, application/problem+json, */*;q=0.1")
            .header(ACCEPT_LANGUAGE, self.language.tag())
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&Secret>,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        self.json(request).await
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let response = accepted(request.send().await.map_err(ClientError::Unreachable)?).await?;
        let status = response.status().as_u16();
        let body = body(response).await?;
        serde_json::from_slice(&body).map_err(|_| ClientError::Garbled { status })
    }
}

/// The response if it is a success; otherwise what its problem document says.
async fn accepted(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let garbled = ClientError::Garbled { status: status.as_u16() };
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let Ok(body) = body(response).await else { return Err(garbled) };
    match serde_json::from_slice::<Problem>(&body) {
        Ok(mut problem) => {
            problem.retry_after = problem.retry_after.or(after);
            Err(ClientError::Refused(Box::new(problem)))
        }
        // Whoever answered, it was not the service: something on the way to it, a proxy or a portal.
        Err(_) => Err(garbled),
    }
}

/// What a bare status says of an upload: a HEAD has no body. Only what makes the upload begin again or go on elsewhere is
/// believed without one.
fn of_upload(status: StatusCode) -> Option<ClientError> {
    let code = match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => ReasonCode::UploadNotFound,
        StatusCode::CONFLICT => ReasonCode::UploadBadOffset,
        _ => return None,
    };
    Some(ClientError::Refused(Box::new(Problem {
        kind: format!("urn:jianzai:reason:{code}"),
        status: status.as_u16(),
        code,
        title: String::new(),
        detail: String::new(),
        retry_after: None,
    })))
}

async fn body(mut response: Response) -> Result<Bytes, ClientError> {
    let status = response.status().as_u16();
    let declared = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > LARGEST_ANSWER) {
        return Err(ClientError::Garbled { status });
    }
    let mut whole = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(ClientError::Unreachable)? {
        whole.extend_from_slice(&piece);
        if whole.len() as u64 > LARGEST_ANSWER {
            return Err(ClientError::Garbled { status });
        }
    }
    Ok(whole.into())
}

fn read_offset(response: &Response) -> Result<u64, ClientError> {
    let offset = response.headers().get("Upload-Offset").and_then(|value| value.to_str().ok()?.parse().ok());
    offset.ok_or(ClientError::Garbled { status: response.status().as_u16() })
}

fn parse_server(server: &str) -> Result<Url, BadServerUrl> {
    let not_an_address = || BadServerUrl::NotAnAddress(server.to_owned());
    let mut url = Url::parse(server).map_err(|_| not_an_address())?;
    let plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err(not_an_address()),
    };
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(not_an_address());
    }
    if plain && !is_this_machine(&url) {
        return Err(BadServerUrl::NotEncrypted(server.to_owned()));
    }
    // Routes are joined below the address.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether `url` names this machine. A name other than `localhost` does not, whatever it resolves to.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn tls_config() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_travel_encrypted_or_not_at_all() {
        for good in ["https://pension.example", "http://127.0.0.1:8080", "http://[::1]:9/", "http://localhost:1/base"] {
            assert!(Client::new(good, Language::Zh).is_ok(), "{good}");
        }
        for plain in ["http://pension.example", "http://192.168.1.4:8080", "http://localhost.evil.example"] {
            assert!(matches!(Client::new(plain, Language::Zh), Err(BadServerUrl::NotEncrypted(_))), "{plain}");
        }
        for bad in ["", "pension.example", "ftp://x", "https://user:pw@x", "https://x/?q=1", "file:///etc"] {
            assert!(matches!(Client::new(bad, Language::Zh), Err(BadServerUrl::NotAnAddress(_))), "{bad}");
        }
    }

    #[test]
    fn routes_are_joined_below_the_address_and_never_leave_it() {
        let client = Client::new("https://pension.example/jianzai", Language::En).expect("an address");
        let url = |path: &str| client.request(Method::GET, path).build().expect("a request").url().to_string();
        assert_eq!(url("v1/keys"), "https://pension.example/jianzai/v1/keys");
        assert_eq!(url("https://pension.example/up/1"), "https://pension.example/up/1");
        assert_eq!(url("https://elsewhere.example/up/1"), "https://pension.example/jianzai/");
    }
}
