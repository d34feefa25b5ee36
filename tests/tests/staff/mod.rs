//! Staff of the service: their accounts, and what they ask for.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jianzai_tests::service::Service;
use serde_json::{Value, json};
use sha1::Sha1;

/// Who is signed in.
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// Makes an account and signs it in.
pub(crate) async fn account(service: &Service, login: &str, role: &str, area: &str) -> Result<Account> {
    let made = service.program(&["account", "add", login, "--role", role, "--area", area])?.output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said = String::from_utf8(made.stdout)?;
    let value = |name: &str| {
        said.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
            .with_context(|| format!("no {name}: {said}"))
    };
    let body = json!({ "login": login, "password": value("password")?, "code": code(value("authenticator")?)? });
    let session = post(service, "login", None, &body).await?;
    let token = session["token"].as_str().context("a token")?.to_owned();
    Ok(Account { id: value("account")?.to_owned(), token })
}

/// The code that an authenticator shows now (RFC 6238).
fn code(authenticator: &str) -> Result<String> {
    let secret = authenticator.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).context("a secret")?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&BASE32_NOPAD.decode(secret.as_bytes())?)?;
    mac.update(&(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into()?) & 0x7fff_ffff;
    Ok(format!("{:06}", number % 1_000_000))
}

/// A call of the desk.
pub(crate) async fn post(service: &Service, path: &str, session: Option<&Account>, body: &Value) -> Result<Value> {
    let mut call = reqwest::Client::new().post(format!("{}/v1/desk/{path}", service.url())).json(body);
    if let Some(session) = session {
        call = call.bearer_auth(&session.token);
    }
    let answer = call.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{path}: {status} {text}");
    Ok(serde_json::from_str(&text)?)
}
