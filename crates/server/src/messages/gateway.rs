//! Messages through an HTTP gateway: that of a telephone company, of `WeChat`, of a post office.
//!
//! **In**: a message. **Out**: `POST` of JSON to the gateway's address with the message's name as `Idempotency-Key`; the
//! gateway's `receipt` from its answer. Under both names the gateway says later what became of it ([`super::receipts`]).
//! **What can go wrong**: nobody answers, or the gateway refuses: the caller tries again later. The number leaves the service here, so
//! only over TLS, or to this very machine, and then past every proxy.

use std::time::Duration;

use jianzai_wire::Secret;
use reqwest::{Client, ClientBuilder, Url};
use serde::Deserialize;
use serde_json::json;

use super::receipts::LONGEST;
use super::{Outgoing, SendError, Sender};
use crate::year::names::Named as _;

/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    address: Url,
    token: Option<Secret>,
    client: Client,
}

/// Why there can be no gateway at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// Numbers would travel in clear, or it is no address.
    #[error("the gateway must be an https:// address, or http:// on this very machine")]
    NotSafe,
    /// TLS can't be set up.
    #[error("TLS can't be set up here")]
    Tls,
}

/// What a gateway answers.
#[derive(Deserialize)]
struct Answer {
    receipt: String,
}

impl Gateway {
    /// At an address, with the bearer token that it asks for.
    pub fn new(address: &str, token: Option<Secret>) -> Result<Self, GatewayError> {
        let address = Url::parse(address).map_err(|_| GatewayError::NotSafe)?;
        if address.scheme() != "https" && !(address.scheme() == "http" && is_this_machine(&address)) {
            return Err(GatewayError::NotSafe);
        }
        let client = client(Client::builder(), &address)?;
        Ok(Self { address, token, client })
    }
}

/// Whether an address names this machine. A name other than `localhost` does not, whatever it resolves to.
fn is_this_machine(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// What calls the gateway at an address.
fn client(builder: ClientBuilder, address: &Url) -> Result<Client, GatewayError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.map_err(|_| GatewayError::Tls)?.with_root_certificates(roots).with_no_client_auth();
    let mut builder = builder.timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    if is_this_machine(address) {
        // A proxy that the environment names would be told the numbers in clear.
        builder = builder.no_proxy();
    }
    builder.tls_backend_preconfigured(tls).build().map_err(|_| GatewayError::Tls)
}

impl Sender for Gateway {
    async fn send(&self, message: &Outgoing) -> Result<String, SendError> {
        let body = json!({
            "id": message.id,
            "medium": message.medium.name(),
            "to": message.address.as_ref().map(Secret::expose),
            "beneficiary": message.beneficiary,
            "language": message.language.tag(),
            "text": message.text,
        });
        let mut call = self.client.post(self.address.clone()).json(&body);
        call = call.header("idempotency-key", message.id.to_string());
        if let Some(token) = &self.token {
            call = call.bearer_auth(token.expose());
        }
        let answer = call.send().await.map_err(|_| SendError::Unreachable)?;
        if !answer.status().is_success() {
            return Err(SendError::Refused(answer.status().as_u16()));
        }
        let answer: Answer = answer.json().await.map_err(|_| SendError::Garbled)?;
        if (1..=LONGEST).contains(&answer.receipt.len()) { Ok(answer.receipt) } else { Err(SendError::Garbled) }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Proxy;
    use tokio::net::TcpListener;

    use super::*;

    async fn listening() -> (TcpListener, Url) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn a_proxy_hears_nothing_of_what_a_gateway_on_this_machine_is_told() {
        let ((proxy, by_proxy), (gateway, address)) = (listening().await, listening().await);
        let named = Client::builder().proxy(Proxy::all(by_proxy).unwrap());
        let call = client(named, &address).unwrap().post(address).send();
        let calling = tokio::spawn(call);
        let heard_by = tokio::select! {
            _ = gateway.accept() => "gateway",
            _ = proxy.accept() => "proxy",
        };
        calling.abort();
        assert_eq!(heard_by, "gateway");
    }

    #[test]
    fn this_machine_has_few_names() {
        let is_here = |address| is_this_machine(&Url::parse(address).unwrap());
        assert!(
            ["http://127.0.0.1:80/a", "http://127.0.0.2/", "http://localhost/", "http://[::1]:8/"].map(is_here)
                == [true; 4]
        );
        assert!(["http://192.168.0.1/", "http://localhost.example.org/", "http://[::2]/"].map(is_here) == [false; 3]);
    }
}
