//! `jianzai verify` and `jianzai keys`: whoever holds up a certificate is believed or not, without asking anyone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use jianzai_certificate::{CertificateError, Channel, Claims, RevokedList};
use jianzai_journey::{Client, Said};
use jianzai_wire::api::Keys;
use jianzai_wire::{Language, Mode};
use time::OffsetDateTime;

use super::talk::Teller;
use super::{Ended, runtime};

#[derive(Args)]
pub(crate) struct Verify {
    /// The certificate: its text, or a file with its text, picture (PNG, JPEG) or PDF.
    #[arg(value_name = "FILE|TEXT")]
    certificate: String,
    /// The keys, fetched beforehand with `jianzai keys`.
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// The list of revoked certificates, fetched beforehand with `jianzai keys --revoked`; without it a certificate passes
    /// that was taken back.
    #[arg(long, value_name = "FILE")]
    revoked: Option<PathBuf>,
    /// Print what the certificate says as JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(crate) fn run(self, language: Language) -> anyhow::Result<Ended> {
        let teller = Teller::new(language, Mode::OwnPhone, self.json);
        let keys = fs::read(&self.keys).with_context(|| self.keys.display().to_string())?;
        let keys: Keys =
            serde_json::from_slice(&keys).with_context(|| format!("the keys in {}", self.keys.display()))?;
        let path = Path::new(&self.certificate);
        let input = match fs::read(path) {
            Ok(file) => file,
            Err(error) if path.exists() => return Err(error).with_context(|| path.display().to_string()),
            Err(_) => self.certificate.clone().into_bytes(),
        };
        let list = self.revoked.as_deref().map(|path| list(path, &keys)).transpose()?;
        match stands(&input, &keys, list.as_ref()) {
            Ok(claims) => {
                teller.line(&match self.json {
                    true => as_json(&claims, list.as_ref()).to_string(),
                    false => said(&claims, language) + &looked_at(list.as_ref(), language),
                })?;
                Ok(Ended::Good)
            }
            Err(error) => {
                let said = Said::new(error.reason(), language);
                teller.line(&if self.json {
                    serde_json::to_string(&said)?
                } else {
                    format!("✘ [{}] {} {}", said.code, said.sentence, said.next_step)
                })?;
                Ok(Ended::Refused)
            }
        }
    }
}

/// Reads a list of revoked certificates that was fetched beforehand.
fn list(path: &Path, keys: &Keys) -> anyhow::Result<RevokedList> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    let read = RevokedList::verify(&text, &keys.certificate_keys);
    read.with_context(|| format!("the list of revoked certificates in {}", path.display()))
}

/// What a certificate says that is good and, by the list if there is one, was not taken back.
fn stands(input: &[u8], keys: &Keys, list: Option<&RevokedList>) -> Result<Claims, CertificateError> {
    let now = OffsetDateTime::now_utc();
    let claims = jianzai_certificate::verify(input, &keys.certificate_keys, now)?;
    match list {
        Some(list) => list.check(&claims, now).map(|()| claims),
        None => Ok(claims),
    }
}

/// By which list the certificate was not taken back, in words.
fn looked_at(list: Option<&RevokedList>, language: Language) -> String {
    match (list.map(RevokedList::issued_on), language) {
        (Some(day), Language::Zh) => format!("\n  未被作废（{day} 的作废名单）"),
        (Some(day), Language::En) => format!("\n  not revoked, by the list of {day}"),
        (None, Language::Zh) => "\n  未核对作废名单".to_owned(),
        (None, Language::En) => "\n  not held against a list of revoked certificates".to_owned(),
    }
}

/// What the certificate says, with dates as people and programs write them, and when the list was signed by which it stands.
fn as_json(claims: &Claims, list: Option<&RevokedList>) -> serde_json::Value {
    let Claims { serial, issuer, masked_name, channel, proof_date, issued_at, valid_until, insured_place, demo } =
        claims;
    serde_json::json!({
        "serial": serial,
        "issuer": issuer,
        "maskedName": masked_name,
        "channel": channel,
        "proofDate": proof_date.to_string(),
        "issuedAt": issued_at.unix_timestamp(),
        "validUntil": valid_until.to_string(),
        "insuredPlace": insured_place,
        "demo": demo,
        "revokedListOf": list.map(|list| list.issued_at().unix_timestamp()),
    })
}

/// What the certificate says, in words.
fn said(claims: &Claims, language: Language) -> String {
    let Claims { serial, issuer, masked_name, channel, proof_date, valid_until, insured_place, demo, .. } = claims;
    let place = insured_place.full_name();
    let channel = match (language, channel) {
        (Language::Zh, Channel::FaceSelf) => "本人自助刷脸",
        (Language::Zh, Channel::FaceAssisted) => "他人协助刷脸",
        (Language::En, Channel::FaceSelf) => "by face, alone",
        (Language::En, Channel::FaceAssisted) => "by face, assisted",
        (Language::Zh, _) => "其他方式",
        (Language::En, _) => "in another way",
    };
    let text = match language {
        Language::Zh => format!(
            "✔ 证明有效\n  姓名 {masked_name}\n  参保地 {place}\n  认证日期 {proof_date}（{channel}）\n  有效期至 {valid_until}\n  出具单位 {issuer}\n  编号 {serial}"
        ),
        Language::En => format!(
            "✔ The certificate is valid\n  name {masked_name}\n  insured in {place}\n  seen on {proof_date} ({channel})\n  valid until {valid_until}\n  issued by {issuer}\n  serial {serial}"
        ),
    };
    match (demo, language) {
        (false, _) => text,
        (true, Language::Zh) => text + "\n  ※ 演示用证明，没有任何效力",
        (true, Language::En) => text + "\n  * made by a demonstration: worth nothing",
    }
}

#[derive(Args)]
pub(crate) struct FetchKeys {
    /// Address of the service.
    #[arg(long, value_name = "URL", env = "JIANZAI_SERVER")]
    server: String,
    /// Where to write them.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where to write the signed list of revoked certificates; fetch it anew within a week.
    #[arg(long, value_name = "FILE")]
    revoked: Option<PathBuf>,
}

impl FetchKeys {
    pub(crate) fn run(self, language: Language) -> anyhow::Result<Ended> {
        let client = Client::new(&self.server, language)?;
        let runtime = runtime()?;
        let keys = runtime.block_on(client.keys()).with_context(|| self.server.clone())?;
        fs::write(&self.out, serde_json::to_vec_pretty(&keys)?).with_context(|| self.out.display().to_string())?;
        if let Some(path) = &self.revoked {
            let list = runtime.block_on(client.revoked()).with_context(|| self.server.clone())?;
            // What no key signed, something between has answered, or with what it kept: neither takes the place of a good list.
            let new = RevokedList::verify(&list, &keys.certificate_keys).with_context(|| self.server.clone())?;
            let here = fs::read(path).ok().and_then(|text| RevokedList::verify(&text, &keys.certificate_keys).ok());
            ensure!(
                here.is_none_or(|here| here.issued_at() <= new.issued_at()),
                "{}: an older list of revoked certificates came than the one in {}, which is kept; please ask again later",
                self.server,
                path.display()
            );
            fs::write(path, &list).with_context(|| path.display().to_string())?;
        }
        Ok(Ended::Good)
    }
}
