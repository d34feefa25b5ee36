//! What a certificate must withstand.

use ciborium::Value;
use coset::iana::Algorithm;
use coset::{CoseSign1Builder, HeaderBuilder, TaggedCborSerializable as _, iana};
use ed25519_dalek::{Signer as _, SigningKey};
use jianzai_wire::api::CertificateKey;
use jianzai_wire::{Bytes32, Division, ReasonCode};
use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::{date, datetime};
use uuid::Uuid;

use crate::{CertificateError, Channel, Claims, RevokedList, SignedCertificate, issue, verify};

const NOW: OffsetDateTime = datetime!(2026-12-01 08:00:00 UTC);

pub(crate) fn claims() -> Claims {
    Claims {
        serial: Uuid::from_u128(0x0193_5a1b_7c3d_7e4f_8a9b_0c1d_2e3f_4a5b),
        issuer: "深圳市社会保险基金管理局".into(),
        masked_name: "**明".into(),
        channel: Channel::FaceSelf,
        proof_date: date!(2026 - 11 - 21),
        issued_at: datetime!(2026-11-21 11:05:00 UTC),
        valid_until: date!(2027 - 11 - 20),
        insured_place: Division::parse("440305").expect("a district"),
        demo: false,
    }
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn keys() -> Vec<CertificateKey> {
    let public_key = Bytes32(key().verifying_key().to_bytes());
    let other = Bytes32(SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes());
    vec![
        CertificateKey { key_id: "2025-a".into(), issuer: claims().issuer, public_key: other },
        CertificateKey { key_id: "2026-a".into(), issuer: claims().issuer, public_key },
    ]
}

fn issued() -> SignedCertificate {
    issue(&claims(), &key(), "2026-a").expect("short enough")
}

/// Signed with the right key, whatever it says.
fn signed(header: coset::Header, payload: Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&payload, &mut bytes).expect("writes to memory");
    let builder = CoseSign1Builder::new().protected(header).payload(bytes);
    builder.create_signature(b"", |text| key().sign(text).to_vec()).build().to_tagged_vec().expect("encodes")
}

fn header() -> HeaderBuilder {
    HeaderBuilder::new().algorithm(Algorithm::EdDSA).key_id(b"2026-a".to_vec())
}

#[test]
fn what_was_issued_verifies_in_every_form() {
    let certificate = issued();
    let text = certificate.text();
    let wrapped = format!(" {}\r\n{}\n", &text[..100], &text[100..]);
    for form in [text.as_bytes(), wrapped.as_bytes(), certificate.bytes(), &certificate.bytes()[1..]] {
        assert_eq!(verify(form, &keys(), NOW), Ok(claims()));
    }
    assert_eq!(certificate.claims_unchecked(), Some(claims()));
    let demo = Claims { demo: true, channel: Channel::FaceAssisted, ..claims() };
    let certificate = issue(&demo, &key(), "2026-a").expect("short enough");
    assert_eq!(verify(certificate.bytes(), &keys(), NOW), Ok(demo));
}

/// The certificate is kept on paper for a year and longer: it must not change its form.
#[test]
fn the_form_is_fixed() {
    let certificate = issued();
    insta::assert_snapshot!("certificate_bytes", hex::encode(certificate.bytes()));
    insta::assert_snapshot!("certificate_text", certificate.text());
    insta::assert_json_snapshot!("claims", claims());
}

#[test]
fn it_fits_a_code_that_old_phones_read() {
    let long = Claims {
        issuer: "新疆维吾尔自治区伊犁哈萨克自治州社会保险管理局".into(),
        masked_name: "*".repeat(49) + "𠮷",
        demo: true,
        ..claims()
    };
    let length = issue(&long, &key(), "2026-demo").expect("short enough").bytes().len();
    assert!((100..=350).contains(&length), "{length}");
    let endless = Claims { issuer: "局".repeat(200), ..claims() };
    assert_eq!(issue(&endless, &key(), "2026-a"), Err(CertificateError::TooLong));
}

#[test]
fn no_byte_of_it_can_be_changed() {
    let certificate = issued();
    for at in 0..certificate.bytes().len() {
        let mut bytes = certificate.bytes().to_vec();
        bytes[at] ^= 1 << (at % 8);
        assert!(verify(&bytes, &keys(), NOW).is_err(), "byte {at}");
    }
    for length in 0..certificate.bytes().len() {
        assert!(verify(&certificate.bytes()[..length], &keys(), NOW).is_err(), "cut to {length}");
    }
    let longer = [certificate.bytes(), b"x"].concat();
    assert_eq!(verify(&longer, &keys(), NOW), Err(CertificateError::Unreadable));
}

#[test]
fn each_refusal_has_its_code() {
    let certificate = issued();
    let code = |input: &[u8], keys: &[CertificateKey], now| verify(input, keys, now).expect_err("refused").reason();
    assert_eq!(code(b"JZ1:", &keys(), NOW), ReasonCode::CertificateUnreadable);
    assert_eq!(code(b"hello", &keys(), NOW), ReasonCode::CertificateUnreadable);
    assert_eq!(code(certificate.bytes(), &[], NOW), ReasonCode::CertificateUnknownKey);
    assert_eq!(code(certificate.bytes(), &keys()[..1], NOW), ReasonCode::CertificateUnknownKey);
    let forged = issue(&claims(), &SigningKey::from_bytes(&[9; 32]), "2026-a").expect("short enough");
    assert_eq!(code(forged.bytes(), &keys(), NOW), ReasonCode::CertificateBadSignature);
}

#[test]
fn a_key_of_one_issuer_cannot_speak_for_another() {
    let other = Claims { issuer: "北京市社会保险基金管理中心".into(), ..claims() };
    let certificate = issue(&other, &key(), "2026-a").expect("short enough");
    assert_eq!(verify(certificate.bytes(), &keys(), NOW), Err(CertificateError::UnknownKey));
}

#[test]
fn it_is_valid_to_the_end_of_its_last_day_in_china() {
    let certificate = issued();
    assert!(verify(certificate.bytes(), &keys(), datetime!(2027-11-20 15:59:59 UTC)).is_ok());
    let expired = verify(certificate.bytes(), &keys(), datetime!(2027-11-20 16:00:00 UTC));
    assert_eq!(expired, Err(CertificateError::Expired(Box::new(claims()))));
}

#[test]
fn a_signed_message_of_another_kind_is_no_certificate() {
    let with = |change: fn(&mut Vec<(Value, Value)>)| {
        let mut map = claims().to_cbor().into_map().expect("a map");
        change(&mut map);
        signed(header().build(), Value::Map(map))
    };
    let cases = [
        ("not a map", signed(header().build(), Value::from("hello"))),
        ("a claim more", with(|map| map.push((Value::from(99), Value::from(1))))),
        ("a claim twice", with(|map| map.push(map[0].clone()))),
        ("a claim less", with(|map| drop(map.pop()))),
        ("a text label", with(|map| map.push((Value::from("a"), Value::from(1))))),
        ("an expiry within a day", with(|map| map[1].1 = Value::from(1_827_000_001))),
        ("an expiry beyond all time", with(|map| map[1].1 = Value::from(i64::MAX))),
        ("an expiry at the end of time", with(|map| map[1].1 = Value::from(253_402_300_799_i64))),
        ("a proof date beyond all time", with(|map| map[5].1 = Value::from(i32::MAX))),
        ("an unknown place", with(|map| map[7].1 = Value::from(999_999))),
        ("an unknown channel", with(|map| map[6].1 = Value::from(200))),
        ("another algorithm", signed(header().algorithm(Algorithm::ES256).build(), claims().to_cbor())),
        ("no algorithm", signed(HeaderBuilder::new().key_id(b"2026-a".to_vec()).build(), claims().to_cbor())),
        (
            "critical",
            signed(
                header().add_critical(iana::HeaderParameter::ContentType).content_type("a/b".into()).build(),
                claims().to_cbor(),
            ),
        ),
    ];
    for (what, bytes) in cases {
        assert_eq!(verify(&bytes, &keys(), NOW), Err(CertificateError::Unreadable), "{what}");
    }
    assert_eq!(verify(&with(|_| ()), &keys(), NOW), Ok(claims()), "the untouched map passes");
}

#[test]
fn a_small_picture_that_unfolds_into_gigabytes_is_refused() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0".to_vec();
    png.extend(0x6a_2b_2f_cd_u32.to_be_bytes());
    png.extend(b"\0\0\0\0IDAT");
    assert_eq!(verify(&png, &keys(), NOW), Err(CertificateError::Unreadable));
}

fn list(serials: impl IntoIterator<Item = Uuid>) -> RevokedList {
    RevokedList::new(&claims().issuer, NOW, NOW + time::Duration::days(7), serials)
}

fn listed(serials: impl IntoIterator<Item = Uuid>) -> String {
    list(serials).sign(&key(), "2026-a").expect("short enough")
}

#[test]
fn a_list_says_revoked_too_old_or_fine() {
    let others =
        (1..500_u128).map(|number| Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834)));
    let text = listed(others.clone().chain([claims().serial]));
    let read = RevokedList::verify(text.as_bytes(), &keys()).expect("genuine");
    assert_eq!(read, list(others.clone().chain([claims().serial])));
    let revoked = CertificateError::Revoked(Box::new(claims()));
    assert_eq!(read.check(&claims(), NOW), Err(revoked.clone()));
    let late = NOW + time::Duration::days(7);
    assert_eq!(read.check(&claims(), late), Err(revoked.clone()), "what was revoked stays so, however old the list");
    let fine = RevokedList::verify(listed(others).as_bytes(), &keys()).expect("genuine");
    assert_eq!(fine.check(&claims(), late - time::Duration::SECOND), Ok(()));
    assert_eq!(fine.check(&claims(), late), Err(CertificateError::ListOutdated));
    let other = Claims { issuer: "北京市社会保险基金管理中心".into(), ..claims() };
    assert_eq!(fine.check(&other, NOW), Err(CertificateError::ListOutdated), "another office's");
    assert_eq!(CertificateError::ListOutdated.reason(), ReasonCode::CertificateListOutdated);
    assert_eq!(revoked.reason(), ReasonCode::CertificateRevoked);
}

#[test]
fn a_list_is_of_the_day_in_china() {
    let evening = datetime!(2026-11-22 16:00 UTC);
    let of = |at: OffsetDateTime| RevokedList::new(&claims().issuer, at, at, []).issued_on();
    let days = (of(evening - time::Duration::SECOND), of(evening));
    assert_eq!(days, (time::macros::date!(2026 - 11 - 22), time::macros::date!(2026 - 11 - 23)));
}

/// Lists are kept in files, and read by programs of other years.
#[test]
fn the_form_of_a_list_is_fixed() {
    insta::assert_snapshot!("revoked_list", listed([claims().serial, Uuid::from_u128(7)]));
}

#[test]
fn no_list_is_believed_that_its_issuer_did_not_sign() {
    let text = listed([claims().serial]);
    let wrapped = format!("{}\r\n {}\n", &text[..40], &text[40..]);
    assert!(RevokedList::verify(wrapped.as_bytes(), &keys()).is_ok());
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'Z' } else { b'A' };
        assert!(RevokedList::verify(&bytes, &keys()).is_err(), "letter {at}");
        assert!(RevokedList::verify(&text.as_bytes()[..at], &keys()).is_err(), "cut to {at}");
    }
    let forged = list([]).sign(&SigningKey::from_bytes(&[9; 32]), "2026-a").expect("short enough");
    assert_eq!(RevokedList::verify(forged.as_bytes(), &keys()), Err(CertificateError::BadSignature));
    let other = RevokedList::new("北京市社会保险基金管理中心", NOW, NOW, []).sign(&key(), "2026-a").expect("short");
    assert_eq!(RevokedList::verify(other.as_bytes(), &keys()), Err(CertificateError::UnknownKey));
}

#[test]
fn neither_is_taken_for_the_other() {
    let as_certificate = listed([claims().serial]).replace("JZR1:", "JZ1:");
    assert_eq!(verify(as_certificate.as_bytes(), &keys(), NOW), Err(CertificateError::Unreadable));
    let as_list = issued().text().replace("JZ1:", "JZR1:");
    assert_eq!(RevokedList::verify(as_list.as_bytes(), &keys()), Err(CertificateError::Unreadable));
}

#[test]
fn a_list_has_an_end() {
    let many = |count: u128| list((0..count).map(Uuid::from_u128));
    let most = RevokedList::MOST as u128;
    let text = many(most).sign(&key(), "2026-a").expect("as many as there may be");
    assert!(text.len() < 1_100_000, "{}", text.len());
    assert_eq!(RevokedList::verify(text.as_bytes(), &keys()), Ok(many(most)));
    assert_eq!(many(most + 1).sign(&key(), "2026-a"), Err(CertificateError::TooLong));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(kind in 0..6_usize, mut bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let start: &[u8] = [b"".as_slice(), b"JZ1:", b"%PDF JZ1:", b"\xd2\x84", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"][kind];
        bytes.splice(0..0, start.iter().copied());
        prop_assert!(verify(&bytes, &keys(), NOW).is_err());
        prop_assert!(RevokedList::verify(&[b"JZR1:", bytes.as_slice()].concat(), &keys()).is_err());
    }

    #[test]
    fn no_nesting_makes_it_panic(byte in any::<u8>(), count in 1..520_usize) {
        prop_assert!(verify(&[&[0xd2, 0x84], vec![byte; count].as_slice()].concat(), &keys(), NOW).is_err());
    }
}

proptest! {
    // Each is looked at in four sizes.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_picture_makes_it_panic(width in 1..160_u32, height in 1..160_u32, seed in any::<u64>(), cell in 1..9_u32) {
        let picture = image::GrayImage::from_fn(width, height, |x, y| {
            let mixed = (u64::from(x / cell) * 0x9e37_79b9 + u64::from(y / cell) * 0x85eb_ca6b) ^ seed;
            image::Luma([if mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 63 == 0 { 0 } else { 255 }])
        });
        let mut png = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut png, image::ImageFormat::Png).expect("encodes");
        prop_assert_eq!(verify(png.get_ref(), &keys(), NOW), Err(CertificateError::Unreadable));
    }
}

#[cfg(feature = "draw")]
mod drawn {
    use std::sync::LazyLock;

    use super::*;
    use crate::{DrawError, Drawing, Fonts, draw};

    static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::load().expect("fonts-noto-cjk is installed"));

    fn drawn(claims: &Claims) -> (SignedCertificate, Drawing) {
        let certificate = issue(claims, &key(), "2026-a").expect("short enough");
        let drawing = draw(&certificate, &FONTS).expect("drawn");
        (certificate, drawing)
    }

    #[test]
    fn picture_and_pdf_are_certificates_themselves() {
        let long = Claims { masked_name: "*".repeat(49) + "𠮷", demo: true, ..claims() };
        for claims in [claims(), long] {
            let (certificate, drawing) = drawn(&claims);
            for width in [640, 1240] {
                let png = drawing.png(width).expect("png");
                assert_eq!(SignedCertificate::find(&png), Ok(certificate.clone()), "{width} wide");
                assert_eq!(verify(&png, &keys(), NOW), Ok(claims.clone()));
            }
            assert_eq!(verify(&drawing.pdf().expect("pdf"), &keys(), NOW), Ok(claims));
        }
    }

    #[test]
    fn a_photographed_sheet_is_read() {
        let (_, drawing) = drawn(&claims());
        let sheet = image::load_from_memory(&drawing.png(900).expect("png")).expect("png").into_luma8();
        // Turned a little, grey and soft, as a photo from the hand.
        let (sin, cos) = 0.12_f32.sin_cos();
        let photo = image::GrayImage::from_fn(1200, 1500, |x, y| {
            let (dx, dy) = (x as f32 - 600.0, y as f32 - 750.0);
            let (u, v) = (450.0 + dx * cos + dy * sin, 636.0 - dx * sin + dy * cos);
            let at = |u: f32, v: f32| {
                let inside = u >= 0.0 && v >= 0.0 && u < 900.0 && v < sheet.height() as f32;
                if inside { f32::from(sheet.get_pixel(u as u32, v as u32)[0]) } else { 90.0 }
            };
            let mean = (at(u, v) + at(u + 1.0, v) + at(u, v + 1.0) + at(u + 1.0, v + 1.0)) / 4.0;
            image::Luma([(mean * 0.6 + 40.0) as u8])
        });
        let mut jpeg = std::io::Cursor::new(Vec::new());
        photo.write_to(&mut jpeg, image::ImageFormat::Jpeg).expect("encodes");
        assert_eq!(verify(jpeg.get_ref(), &keys(), NOW), Ok(claims()));
        // The same as a scanner's PDF holds it.
        let scanned = [b"%PDF-1.4\n1 0 obj <</Filter /DCTDecode>> stream\n", jpeg.get_ref().as_slice(), b"\nendstream"];
        assert_eq!(verify(&scanned.concat(), &keys(), NOW), Ok(claims()));
    }

    #[test]
    fn the_pdf_holds_real_text() {
        let (_, drawing) = drawn(&claims());
        let pdf = drawing.pdf().expect("pdf");
        let has = |what: &str| pdf.windows(what.len()).any(|window| window == what.as_bytes());
        assert!(has("/ToUnicode") && has("/FontFile3"), "fonts are embedded, with their characters");
        assert!(pdf.len() < 200_000, "only the part of them that is used: {}", pdf.len());
    }

    #[test]
    fn rare_characters_are_drawn_and_missing_ones_refused() {
        for last in ['𬎆', '㛃', '𠮷', '䶮', '𫖯'] {
            drawn(&Claims { masked_name: format!("*{last}"), ..claims() });
        }
        // Never assigned: no font has it.
        let nobody =
            issue(&Claims { masked_name: "*\u{5fffd}".into(), ..claims() }, &key(), "2026-a").expect("short enough");
        assert!(matches!(draw(&nobody, &FONTS), Err(DrawError::NoGlyph)));
    }

    #[test]
    fn the_demonstration_says_so_and_the_real_one_does_not() {
        assert!(!drawn(&claims()).1.svg().contains("DEMO"));
        assert!(drawn(&Claims { demo: true, ..claims() }).1.svg().contains("演示 DEMO"));
    }

    #[test]
    fn text_is_not_taken_for_markup() {
        let (_, drawing) = drawn(&Claims { issuer: "<b>&\"局\u{0}".into(), ..claims() });
        assert!(drawing.svg().contains("&lt;b&gt;&amp;&quot;局<"));
    }
}
