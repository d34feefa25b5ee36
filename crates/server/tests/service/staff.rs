//! Clerks, heads and volunteers who don't exist, signed in.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jianzai_server::accounts::{self, Access};
use jianzai_server::clock::Clock as _;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{StaffRole, StaffSession};
use jianzai_wire::{Area, LoginName, Secret};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::people::{World, answer};

pub(crate) const PASSWORD: &str = "vier Worte ohne Sinn";

/// Somebody with an account.
pub(crate) struct Staff {
    pub(crate) login: String,
    pub(crate) access: Access,
}

impl World {
    /// Makes an account with [`PASSWORD`].
    pub(crate) async fn staff(&self, login: &str, role: StaffRole, area: &str) -> Staff {
        let (name, area) = (LoginName::parse(login).unwrap(), Area::parse(area).unwrap());
        let given = Some(Secret::new(PASSWORD.into()));
        let access = accounts::add(&self.config, &*self.clock, &name, role, area, given).await.unwrap();
        Staff { login: login.to_owned(), access }
    }

    /// The code that an authenticator shows now.
    pub(crate) fn code(&self, authenticator: &str) -> String {
        let secret = authenticator.split("secret=").nth(1).unwrap().split('&').next().unwrap();
        let mut mac = Hmac::<Sha1>::new_from_slice(&BASE32_NOPAD.decode(secret.as_bytes()).unwrap()).unwrap();
        mac.update(&(self.clock.now() / 30_000).to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest[19] & 15);
        let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    pub(crate) async fn try_login(&self, login: &str, password: &str, code: &str) -> Response {
        self.post("/v1/desk/login", &json!({ "login": login, "password": password, "code": code }))
            .send()
            .await
            .unwrap()
    }

    /// Signs in with the code of the next half minute: each works once.
    pub(crate) async fn sign_in(&self, staff: &Staff) -> StaffSession {
        self.clock.advance(std::time::Duration::from_secs(30));
        let code = self.code(staff.access.authenticator.expose());
        let response = self.try_login(&staff.login, PASSWORD, &code).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json().await.unwrap()
    }

    /// A clerk for an area, signed in.
    pub(crate) async fn signed_in(&self, login: &str, role: StaffRole, area: &str) -> StaffSession {
        let staff = self.staff(login, role, area).await;
        self.sign_in(&staff).await
    }

    /// A call of the desk.
    pub(crate) async fn desk<T: serde::de::DeserializeOwned>(
        &self,
        session: &StaffSession,
        path: &str,
        body: &Value,
    ) -> Result<T, Problem> {
        answer(self.desk_call(session, path, body).await).await
    }

    pub(crate) async fn desk_call(&self, session: &StaffSession, path: &str, body: &Value) -> Response {
        let call = self.post(&format!("/v1/desk/{path}"), body).bearer_auth(session.token.expose());
        call.send().await.unwrap()
    }

    /// Whether the session still lives.
    pub(crate) async fn lives(&self, session: &StaffSession) -> bool {
        let call = self.client.get(self.url("/v1/desk/me")).bearer_auth(session.token.expose());
        match call.send().await.unwrap().status() {
            StatusCode::OK => true,
            StatusCode::UNAUTHORIZED => false,
            other => panic!("{other}"),
        }
    }
}
