//! A second reading and writing of a sealed bundle, from its description alone (the docs of `jianzai-evidence`): header,
//! HPKE, CBOR, signature and chain. It shares no code with the crate, so it also checks that the description holds.

use anyhow::{Context as _, Result, ensure};
use ciborium::Value;
use ed25519_dalek::{Signer as _, SigningKey};
use hpke::aead::{AeadTag, ChaCha20Poly1305};
use hpke::inout::InOutBuf;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use jianzai_wire::Bytes32;
use jianzai_wire::api::Recipient;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

type Secret = <X25519HkdfSha256 as Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as Kem>::PublicKey;

/// A key of one's own, in the place of the service's.
pub struct OwnKey {
    secret: Secret,
    /// Its public half, under the name of the service's key.
    pub recipient: Recipient,
}

impl OwnKey {
    /// A fresh key that goes by the name of another.
    pub fn named_as(other: &Recipient) -> Self {
        let (secret, public) = X25519HkdfSha256::gen_keypair();
        let public_key = Bytes32(public.to_bytes().into());
        Self { secret, recipient: Recipient { key_id: other.key_id.clone(), public_key } }
    }

    /// What lies under the seal of a bundle made for this key.
    pub fn open(&self, bundle: &[u8], attempt: Uuid, plan_hash: &Bytes32) -> Result<Bundle> {
        let header = header(attempt, &self.recipient.key_id);
        let (start, rest) = bundle.split_at_checked(header.len()).context("a header")?;
        ensure!(start == header, "the header is not as described");
        let (enc, rest) = rest.split_first_chunk::<32>().context("enc")?;
        let (length, sealed) = rest.split_first_chunk::<4>().context("a length")?;
        ensure!(u32::from_be_bytes(*length) as usize == sealed.len(), "the length is not as described");
        let (ciphertext, tag) = sealed.split_last_chunk::<16>().context("a tag")?;
        let associated = bundle.get(..header.len() + 36).context("a header")?;
        let mut context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.secret,
            &<X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc)?,
            &info(attempt, plan_hash, &self.recipient.key_id),
        )?;
        let mut plain = ciphertext.to_vec();
        let tag = AeadTag::<ChaCha20Poly1305>::from_bytes(tag)?;
        context.open_inout_detached(InOutBuf::from(plain.as_mut_slice()), associated, &tag)?;
        Bundle::read(&plain)
    }
}

/// Seals whatever bytes to a recipient.
pub fn seal(mut plain: Vec<u8>, attempt: Uuid, plan_hash: &Bytes32, to: &Recipient) -> Result<Vec<u8>> {
    let public = Public::from_bytes(to.public_key.as_bytes())?;
    let (enc, mut context) = hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        &info(attempt, plan_hash, &to.key_id),
    )?;
    let mut bundle = header(attempt, &to.key_id);
    bundle.extend_from_slice(&enc.to_bytes());
    bundle.extend_from_slice(&u32::try_from(plain.len() + 16)?.to_be_bytes());
    let tag = context.seal_inout_detached(InOutBuf::from(plain.as_mut_slice()), &bundle)?;
    bundle.extend_from_slice(&plain);
    bundle.extend_from_slice(&tag.to_bytes());
    Ok(bundle)
}

fn header(attempt: Uuid, key_id: &str) -> Vec<u8> {
    let mut header = b"JZEV\x01".to_vec();
    header.extend_from_slice(attempt.as_bytes());
    header.push(key_id.len() as u8);
    header.extend_from_slice(key_id.as_bytes());
    header
}

fn info(attempt: Uuid, plan_hash: &Bytes32, key_id: &str) -> Vec<u8> {
    [b"jianzai evidence v1".as_slice(), attempt.as_bytes(), plan_hash.as_bytes(), key_id.as_bytes()].concat()
}

/// What lies under the seal, taken apart: everything can be changed and put together again.
pub struct Bundle {
    /// Signature, crops, best photo, log; manifest and video are put back when it is written.
    pub payload: Value,
    /// The manifest; its capture record is put back when it is written.
    pub manifest: Value,
    /// The capture record.
    pub record: Value,
    /// The access units.
    pub units: Vec<Vec<u8>>,
}

impl Bundle {
    fn read(plain: &[u8]) -> Result<Self> {
        let payload: Value = ciborium::from_reader(plain)?;
        let manifest: Value = ciborium::from_reader(bytes(&payload, "manifest")?)?;
        let record: Value = ciborium::from_reader(bytes(&manifest, "capture")?)?;
        let mut video = bytes(&payload, "video")?;
        let mut units = Vec::new();
        for frame in rows(&record)? {
            let length = usize::try_from(number(frame, 1)?)?;
            let (unit, rest) = video.split_at_checked(length).context("the video ends early")?;
            units.push(unit.to_vec());
            video = rest;
        }
        Ok(Self { payload, manifest, record, units })
    }

    /// Puts the frame table in step with the access units: lengths and tags.
    pub fn retell_units(&mut self) -> Result<()> {
        let units: Vec<_> = self.units.iter().map(|unit| (unit.len(), Sha256::digest(unit))).collect();
        for (frame, (length, digest)) in rows_mut(&mut self.record)?.iter_mut().zip(units) {
            let row = frame.as_array_mut().context("a row")?;
            *row.get_mut(1).context("a length")? = Value::from(u64::try_from(length)?);
            *row.get_mut(2).context("a tag")? = Value::Bytes(digest.as_slice().iter().take(8).copied().collect());
        }
        Ok(())
    }

    /// The head that its content commits to, and its first and last time.
    pub fn head(&self, attempt: Uuid, nonce: &Bytes32) -> Result<(Bytes32, u64, u64)> {
        let mut head = hash(b"jianzai evidence start v1", &[attempt.as_bytes(), nonce.as_bytes()]);
        let (mut first, mut last) = (None, 0);
        for (index, (frame, unit)) in rows(&self.record)?.iter().zip(&self.units).enumerate() {
            let row = frame.as_array().context("a row")?;
            last = number(frame, 0)?;
            first.get_or_insert(last);
            let seen = row.get(3).and_then(Value::as_bytes).context("what was seen")?;
            let crop = match row.get(4).and_then(Value::as_bytes) {
                Some(digest) => [&[1], digest.as_slice()].concat(),
                None => vec![0; 33],
            };
            let index = u32::try_from(index)?.to_be_bytes();
            let unit = Sha256::digest(unit);
            let parts = [head.as_slice(), &index, &last.to_be_bytes(), unit.as_slice(), seen, &crop];
            head = hash(b"jianzai evidence frame v1", &parts);
        }
        let record = Sha256::digest(written(&self.record)?);
        let end = hash(b"jianzai evidence end v1", &[head.as_slice(), record.as_slice()]);
        Ok((Bytes32(end), first.unwrap_or_default(), last))
    }

    /// Puts it together again, signed by `device`.
    pub fn write(mut self, device: &SigningKey) -> Result<Vec<u8>> {
        *field(&mut self.manifest, "capture")? = Value::Bytes(written(&self.record)?);
        let manifest = written(&self.manifest)?;
        let signature = device.sign(&[b"jianzai evidence manifest v1".as_slice(), &manifest].concat());
        *field(&mut self.payload, "manifest")? = Value::Bytes(manifest);
        *field(&mut self.payload, "signature")? = Value::Bytes(signature.to_vec());
        *field(&mut self.payload, "video")? = Value::Bytes(self.units.concat());
        written(&self.payload)
    }
}

/// A named value of a map.
pub fn field<'a>(map: &'a mut Value, name: &str) -> Result<&'a mut Value> {
    let pairs = map.as_map_mut().context("a map")?;
    let pair = pairs.iter_mut().find(|(key, _)| key.as_text() == Some(name));
    pair.map(|(_, value)| value).with_context(|| format!("no {name}"))
}

/// The rows of the frame table.
pub fn rows_mut(record: &mut Value) -> Result<&mut Vec<Value>> {
    field(record, "frames")?.as_array_mut().context("a table")
}

fn rows(record: &Value) -> Result<&[Value]> {
    get(record, "frames")?.as_array().map(Vec::as_slice).context("a table")
}

fn get<'a>(map: &'a Value, name: &str) -> Result<&'a Value> {
    let pair = map.as_map().context("a map")?.iter().find(|(key, _)| key.as_text() == Some(name));
    pair.map(|(_, value)| value).with_context(|| format!("no {name}"))
}

fn bytes<'a>(map: &'a Value, name: &str) -> Result<&'a [u8]> {
    get(map, name)?.as_bytes().map(Vec::as_slice).with_context(|| format!("{name} is not bytes"))
}

fn number(row: &Value, place: usize) -> Result<u64> {
    let value = row.as_array().and_then(|row| row.get(place)).and_then(Value::as_integer);
    Ok(value.context("a number")?.try_into()?)
}

fn written(value: &Value) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes)?;
    Ok(bytes)
}

fn hash(domain: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(domain);
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}
