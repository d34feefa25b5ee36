//! People to submit for, and attempts whose capture is committed, as rows.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use jianzai_wire::{Action, CapturePolicy};
use serde_json::json;

use super::Kind;
use crate::database::Postgres;
use crate::places;

/// People of the register.
const PEOPLE: usize = 1_000;

/// The facts of everybody in the register: name, ID number, insured place, residence.
#[derive(Debug, Clone)]
pub struct People(Vec<[String; 4]>);

impl People {
    /// Makes a demo register and imports it into a database of the service.
    pub fn import(data: &Path, database: &str) -> Result<Self> {
        let mut demo = Command::new(places::built("jianzai-server")?);
        demo.args(["demo", "--people", &PEOPLE.to_string(), "--data"]).arg(data).env("JIANZAI_DATABASE", database);
        let made = demo.env("JIANZAI_MODELS", places::models()).output()?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = std::fs::read_to_string(data.join("demo/people.csv"))?;
        // The demo's names hold no comma.
        let fields = |line: &str| line.split(',').take(4).map(str::to_owned).collect::<Vec<_>>().try_into().ok();
        let people: Option<Vec<[String; 4]>> = text.lines().skip(1).map(fields).collect();
        Ok(Self(
            people.filter(|people| people.len() == PEOPLE).context("a line of the register is not as it should be")?,
        ))
    }

    /// The body of an activation.
    pub fn activation(&self, number: u64) -> String {
        let place = usize::try_from(number).unwrap_or(0) % self.0.len().max(1);
        let Some([name, id_number, insured_place, residence]) = self.0.get(place) else { return String::new() };
        json!({
            "person": { "name": name, "id_number": id_number, "insured_place": insured_place, "residence": residence },
            "mode": "self",
            "consent": { "text_version": "2026-1", "by": "beneficiary" },
            // The public key of RFC 8032's first test: a point of the curve.
            "device_key": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        })
        .to_string()
    }
}

/// The token of a committed attempt.
pub fn token(number: u64) -> String {
    format!("bench-token-{number}")
}

/// Writes as many committed attempts as bundles will be sent.
pub fn attempts(postgres: &Postgres, database: &str) -> Result<()> {
    let (counted, before) = Kind::Bundle.counts();
    let policy = CapturePolicy::for_actions(&Action::ALL);
    let policy = serde_json::to_string(&policy)?;
    let rows = format!(
        "CREATE TEMP TABLE wanted AS SELECT n, ('a0000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id, \
             (extract(epoch FROM now()) * 1000)::bigint AS at, \
             (SELECT id FROM beneficiary ORDER BY id OFFSET n % {PEOPLE} LIMIT 1) AS who \
         FROM generate_series(0, {}) AS n; \
         INSERT INTO activation SELECT id, who, sha256(('activation-' || n)::bytea), '\\x00', 'self', '2026-1', \
             'beneficiary', at, at, 1 FROM wanted; \
         INSERT INTO attempt (id, activation_id, beneficiary_id, token_digest, nonce, demo, policy, recipient_key, \
             issued_at, commit_by, state, reasons, committed_at, chain_head, frames, duration_ms, plan_hash, deliver_by) \
         SELECT id, id, who, sha256(('bench-token-' || n)::bytea), '\\x00', false, '{policy}', 'bench', at, at, \
             'committed', '', at, sha256('head'), 150, 12000, sha256('plan'), at + 2592000000 FROM wanted",
        counted + before
    );
    postgres.psql(database, &rows).map(drop).context("the attempts could not be written")
}
