//! The one record: what each way must bring, and who may decide.

use time::macros::date;
use uuid::Uuid;

use super::stage::{CLERK, EMPLOYER, OFFICE, RULES, STAFF, versions};
use crate::year::channel::{Channel, EvidenceKind, Reason};
use crate::year::names::Named as _;
use crate::year::policy::Policy;
use crate::year::record::{CertificationRecord, Ground, Party, RecordFault};

const PARTIES: [Party; 9] = [
    Party::Beneficiary,
    Party::Family,
    Party::Volunteer(Uuid::from_u128(5)),
    STAFF,
    CLERK,
    OFFICE,
    EMPLOYER,
    RULES,
    Party::Judge,
];

fn open_to_all() -> Policy {
    Policy { channels: Channel::ALL.to_vec(), ..versions("深圳市").remove(0) }
}

fn grounds() -> Vec<Ground> {
    let evidence = EvidenceKind::ALL.iter().map(|kind| Ground::Evidence { kind: *kind, reference: Uuid::from_u128(6) });
    evidence.chain(Reason::ALL.iter().map(|reason| Ground::Reason(*reason))).collect()
}

fn record(channel: Channel, by: Party, decided_by: Party, ground: Ground) -> CertificationRecord {
    CertificationRecord {
        id: Uuid::from_u128(1),
        beneficiary: Uuid::from_u128(2),
        by,
        channel,
        proof_date: date!(2026 - 03 - 10),
        recorded: date!(2026 - 03 - 12),
        ground,
        decided_by,
    }
}

#[test]
fn every_way_can_be_recorded_and_few_decide() {
    let policy = open_to_all();
    for channel in Channel::ALL.iter().copied() {
        let mut stand = Vec::new();
        for by in PARTIES {
            for decided_by in PARTIES {
                for ground in grounds() {
                    if record(channel, by, decided_by, ground).faults(&policy).is_empty() {
                        stand.push((by, decided_by));
                    }
                }
            }
        }
        assert!(!stand.is_empty(), "{channel:?}");
        for (by, decided_by) in stand {
            let machine = matches!(decided_by, Party::Judge | Party::Rules { .. });
            assert!(machine || matches!(decided_by, Party::Staff(_)), "{channel:?} {decided_by:?}");
            let counter = matches!(channel, Channel::AgencyByHand | Channel::OfficeIdCard);
            assert!(counter || by != decided_by || decided_by == RULES, "{channel:?}: on what they brought themselves");
            assert!(!machine || channel.uses_face() || !channel.needs_the_person(), "{channel:?}: a machine decides");
        }
    }
}

#[test]
fn days_are_checked_and_evidence_goes() {
    let policy = open_to_all();
    let ground = Ground::Evidence { kind: EvidenceKind::Face, reference: Uuid::from_u128(6) };
    let good = record(Channel::AppSelf, Party::Beneficiary, Party::Judge, ground);
    assert_eq!(good.faults(&policy), []);
    assert_eq!(good.delete_on(&policy), Some(date!(2026 - 04 - 11)));
    assert_eq!((good.fact().on, good.fact().recorded), (date!(2026 - 03 - 10), date!(2026 - 03 - 12)));
    let future = CertificationRecord { proof_date: date!(2026 - 03 - 13), ..good };
    assert_eq!(future.faults(&policy), [RecordFault::ProofInFuture]);
    let old = CertificationRecord { proof_date: date!(2025 - 12 - 11), ..good };
    assert_eq!(old.faults(&policy), [RecordFault::ProofTooOld]);
    assert_eq!(CertificationRecord { proof_date: date!(2025 - 12 - 12), ..good }.faults(&policy), []);
    for why in Reason::AT_HOME {
        let seen = record(Channel::HomeVisit, OFFICE, CLERK, Ground::Reason(why));
        assert_eq!((seen.faults(&policy), seen.delete_on(&policy)), (vec![], None));
    }
    let unsaid = record(Channel::HomeVisit, OFFICE, CLERK, Ground::Reason(Reason::SeenInPerson));
    assert_eq!(unsaid.faults(&policy), [RecordFault::WrongGround], "why they were visited is part of it");
}
