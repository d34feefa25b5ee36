//! Several workers on one PostgreSQL: no attempt is judged twice, and what one had in hand when it died is taken over.

use std::collections::BTreeSet;

use super::tests::{World, accepted, certificates, certified};
use super::*;
use crate::tests::Kind;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_at_once_claim_each_attempt_once_and_take_over_what_a_dead_one_had() {
    let world = World::new(Kind::Postgres).await;
    let app = Arc::new(world.app);
    let mut attempts = BTreeSet::from([world.attempt]);
    for _ in 0..19 {
        attempts.insert(accepted(&app).await);
    }
    // Eight at once; the first claims one and dies with it.
    let dead = claim(&app, Uuid::from_u128(1)).await.unwrap().unwrap();
    let working: Vec<_> = (2..10)
        .map(|worker| {
            let app = app.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(job) = claim(&app, Uuid::from_u128(worker)).await.unwrap() {
                    let case = Case::load(&app, job.attempt_id).await.unwrap();
                    conclude(&app, &job, Some(&case), &certified()).await.unwrap();
                    mine.push(job.attempt_id);
                }
                mine
            })
        })
        .collect();
    let mut judged = Vec::new();
    for worker in working {
        judged.extend(worker.await.unwrap());
    }
    let different: BTreeSet<_> = judged.iter().copied().collect();
    assert_eq!((judged.len(), different.len()), (19, 19), "each once");
    assert!(!different.contains(&dead.attempt_id));
    world.clock.advance(Duration::from_millis(LEASE_MS as u64 + 1_000));
    let taken = claim(&app, Uuid::from_u128(11)).await.unwrap().unwrap();
    assert_eq!((taken.attempt_id, taken.tries), (dead.attempt_id, 2));
    // The dead one was only slow: its outcome no longer counts.
    let case = Case::load(&app, dead.attempt_id).await.unwrap();
    conclude(&app, &dead, Some(&case), &certified()).await.unwrap();
    assert_eq!(certificates(&app).await, 19);
    // Nor does it take the job from whoever has it now.
    give_back(&app, &dead, 0, dead.tries - 1).await.unwrap();
    let row = job::Entity::find_by_id(dead.attempt_id).one(app.store.reads()).await.unwrap().unwrap();
    assert_eq!((row.leased_by, row.tries), (taken.leased_by, 2));
    conclude(&app, &taken, Some(&case), &certified()).await.unwrap();
    assert_eq!(certificates(&app).await, 20);
    assert_eq!(different.into_iter().chain([dead.attempt_id]).collect::<BTreeSet<_>>(), attempts);
}
