//! A service that has nothing beside it: its rows in PostgreSQL, its judges in processes of their own, its evidence in a
//! bucket.

#[allow(clippy::unwrap_used, reason = "a bucket that can't be made has failed the test")]
#[path = "../../crates/server/tests/service/bucket.rs"]
mod bucket;
mod staff;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jianzai_tests::database::Postgres;
use jianzai_tests::people::{AT_HOME, Register, VISITED};
use jianzai_tests::places;
use jianzai_tests::program::{Certify, Ended};
use jianzai_tests::service::{Place, Service};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::staff::{Account, account, post};

const DATABASE: &str = "jianzai";
/// Two for those judges that don't come to an end, and more than one for the others.
const ATTEMPTS: u64 = 5;
/// A judge that has nothing to do looks for work every five seconds.
const IDLE: Duration = Duration::from_secs(6);
const JOBS_LEFT: &str = "SELECT count(*) FROM job WHERE done_at IS NULL";

/// A database with a register, and where else the service keeps what it has.
struct Stage {
    place: Place,
    postgres: Postgres,
    folder: TempDir,
}

impl Stage {
    /// `more` is said to the programs beside where the database is.
    fn set(more: Vec<(String, String)>) -> Result<Self> {
        let (folder, postgres) = (tempfile::tempdir()?, Postgres::start()?);
        postgres.psql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        let mut environment = vec![("JIANZAI_DATABASE".to_owned(), postgres.url(DATABASE))];
        environment.extend(more);
        let place = Place { data: folder.path().join("service"), environment };
        place.import(&Register::write(&folder.path().join("register"))?)?;
        Ok(Self { place, postgres, folder })
    }

    /// A service that judges nothing.
    fn service(&self) -> Result<Service> {
        Service::at(self.place.clone(), "127.0.0.1:0", &["--demo", "--leave-judging"])
    }

    fn ask(&self, statement: &str) -> Result<String> {
        Ok(self.postgres.psql(DATABASE, statement)?.trim().to_owned())
    }

    /// Asks until something is as it should be.
    fn wait(&self, what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
        let begun = Instant::now();
        while !is_so()? {
            ensure!(begun.elapsed() < Duration::from_secs(120), "{what}: jobs are {}", self.ask("TABLE job")?);
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// A process that judges. Killed when dropped.
struct Judge {
    child: Child,
    log: PathBuf,
}

impl Judge {
    fn start(stage: &Stage, place: &Place, name: &str) -> Result<Self> {
        let log = stage.folder.path().join(format!("{name}.log"));
        let mut work = place.program(&["work", "--demo"])?;
        let child = work.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?).spawn()?;
        Ok(Self { child, log })
    }

    /// One that stands still in the midst of an attempt, and that attempt. Another may stand so with `other`.
    fn in_the_midst(stage: &Stage, name: &str, other: &str) -> Result<(Self, String)> {
        let judge = Self::start(stage, &stage.place, name)?;
        let leased = "SELECT attempt_id FROM job WHERE leased_until IS NOT NULL AND done_at IS NULL";
        let mut attempt = String::new();
        let unlocked = "NOT EXISTS (SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%')";
        // Whoever came to the end before it could be stopped goes on with the next; whoever holds a row, until it holds none.
        stage.wait("nothing is claimed", || {
            judge.signal("-CONT")?;
            attempt = stage.ask(&format!("{leased} AND attempt_id::text <> '{other}'"))?;
            if attempt.is_empty() {
                return Ok(false);
            }
            judge.signal("-STOP")?;
            Ok(stage.ask(&format!("{leased} AND attempt_id = '{attempt}' AND {unlocked}"))? == attempt)
        })?;
        Ok((judge, attempt))
    }

    fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status()?;
        ensure!(sent.success(), "{name} did not reach a judge");
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// How often it says something in its log.
    fn says(&self, what: &str) -> Result<usize> {
        Ok(std::fs::read_to_string(&self.log)?.matches(what).count())
    }

    fn judged(&self) -> Result<usize> {
        self.says(" judged attempt=")
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.kill().ok();
    }
}

/// Bundles of real recordings, none of them judged.
fn deliver(stage: &Stage) -> Result<()> {
    let service = stage.service()?;
    for seed in 0..ATTEMPTS {
        let (person, mode) = if seed % 2 == 0 { (&AT_HOME, "self") } else { (&VISITED, "assisted") };
        let own = stage.folder.path().join(format!("phone-{seed}"));
        let out = own.join("out");
        let certify = Certify { service: &service, person, mode, actor: places::actor(), seed, data: &own, out: &out };
        certify.deliver()?;
    }
    Ok(())
}

#[test]
fn what_a_judge_had_in_hand_when_it_was_killed_another_judges_and_each_attempt_is_judged_once() -> Result<()> {
    let stage = Stage::set(Vec::new())?;
    deliver(&stage)?;
    let (mut dead, its) = Judge::in_the_midst(&stage, "dead", "")?;
    let (slow, other) = Judge::in_the_midst(&stage, "slow", &its)?;
    let held = format!("SELECT * FROM job WHERE attempt_id IN ('{its}', '{other}') ORDER BY attempt_id");
    let before = stage.ask(&held)?;
    dead.kill()?;
    let judges = [Judge::start(&stage, &stage.place, "first")?, Judge::start(&stage, &stage.place, "second")?];
    stage.wait("the others judge the rest", || Ok(stage.ask(JOBS_LEFT)? == "2"))?;
    std::thread::sleep(IDLE);
    ensure!(stage.ask(&held)? == before, "nobody touches what is another's until its lease is over");

    stage.ask("UPDATE job SET leased_until = 0 WHERE done_at IS NULL")?;
    stage.wait("the others take over", || Ok(stage.ask(JOBS_LEFT)? == "0"))?;
    // The second was not dead, only slow, and comes to its end now.
    slow.signal("-CONT")?;
    stage.wait("the slow one is told nothing", || Ok(slow.says("the job became another's")? == 1))?;
    // Either may have come to the end of one before it was stopped in the midst of another.
    let judged = [&dead, &slow, &judges[0], &judges[1]].into_iter().map(Judge::judged).sum::<Result<usize>>()?;
    ensure!(judged == ATTEMPTS as usize, "each once: {judged}");
    each_is_certified_once(&stage, &[&its, &other])
}

/// State, certificates, records, facts and entries in the linked log of each attempt; two were begun twice.
fn each_is_certified_once(stage: &Stage, twice: &[&str]) -> Result<()> {
    let said = stage.ask(
        "SELECT attempt.id, tries, state, (SELECT count(*) FROM certificate WHERE attempt_id = attempt.id), \
         (SELECT count(*) FROM certification WHERE evidence_id = attempt.id), \
         (SELECT count(*) FROM fact WHERE about_id = attempt.id), \
         (SELECT string_agg(action, ',') FROM audit_entry WHERE subject = uuid_send(attempt.id)) \
         FROM attempt JOIN job ON attempt_id = attempt.id",
    )?;
    ensure!(said.lines().count() == ATTEMPTS as usize, "{said}");
    for line in said.lines() {
        let (attempt, row) = line.split_once('|').context("columns")?;
        let tries = if twice.contains(&attempt) { 2 } else { 1 };
        ensure!(row == format!("{tries}|certified|1|1|1|certified"), "{said}");
    }
    let verified = stage.place.program(&["audit", "verify"])?.output()?;
    ensure!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_in_a_bucket_is_judged_shown_to_a_clerk_and_gone_on_its_date() -> Result<()> {
    let bucket = bucket::Service::start().await;
    let mut environment = bucket.environment(bucket::SECRET);
    environment.push(("JIANZAI_EVIDENCE".to_owned(), "s3://evidence/live".to_owned()));
    let stage = Stage::set(environment)?;
    let mut service = stage.service()?;
    // The judge is on another machine: it has the keys, and reaches database and bucket.
    let away = Place { data: stage.folder.path().join("away"), ..stage.place.clone() };
    std::fs::create_dir(&away.data)?;
    let copied = Command::new("cp").arg("-a").arg(stage.place.data.join("keys")).arg(&away.data).status()?;
    ensure!(copied.success(), "the keys were not copied");
    let judge = Judge::start(&stage, &away, "judge")?;

    let own = stage.folder.path().join("phone");
    let out = own.join("out");
    let (person, mode, actor, seed) = (&AT_HOME, "assisted", places::actor(), 7);
    let certify = Certify { service: &service, person, mode, actor, seed, data: &own, out: &out };
    // Whoever can do nothing that is asked is looked at by a person.
    let run = certify.run_saying("limitations = ['cannot_open_mouth', 'cannot_turn_head']\n")?;
    ensure!(run.ended == Ended::InReview && judge.judged()? == 1, "{:?} {:?}", run.ended, run.codes());
    ensure!(bucket.objects().len() == 1 && !stage.place.data.join("evidence").exists(), "it lies in the bucket alone");

    let clerk = account(&service, "clerk.wang", "clerk", "440300").await?;
    let case = format!("reviews/{}", stage.ask("SELECT id FROM review")?);
    post(&service, &format!("{case}/open"), Some(&clerk), &Value::Null).await?;
    for (part, begins, at) in [("photo", &b"\xff\xd8\xff"[..], 0), ("crops", b"\xff\xd8\xff", 0), ("clip", b"ftyp", 4)]
    {
        let (status, bytes) = look(&service, &clerk, &format!("{case}/evidence/{part}")).await?;
        ensure!(status == 200 && bytes.get(at..).is_some_and(|bytes| bytes.starts_with(begins)), "{part}: {status}");
    }
    let reads = format!("SELECT count(*) FROM access_log WHERE what = 'evidence' AND staff_id = '{}'", clerk.id);
    ensure!(stage.ask(&reads)? == "3", "each look is put down");

    // Its day has come, which a service sees when it starts.
    stage.ask("UPDATE attempt SET delete_at = 0")?;
    service.kill_and_restart()?;
    stage.wait("it is deleted", || Ok(stage.ask("SELECT count(deleted_at) FROM attempt")? == "1"))?;
    ensure!(bucket.objects().is_empty(), "{:?}", bucket.objects());
    let (status, told) = look(&service, &clerk, &format!("{case}/evidence/clip")).await?;
    ensure!(status == 410 && String::from_utf8_lossy(&told).contains("desk.evidence_gone"), "{status}");
    let certify = json!({ "verdict": "certify", "reason": "是本人" });
    let refused = post(&service, &format!("{case}/decide"), Some(&clerk), &certify).await;
    ensure!(refused.is_err_and(|error| error.to_string().contains("desk.evidence_gone")), "nothing to certify by");
    Ok(())
}

/// What a clerk is shown, or why not.
async fn look(service: &Service, clerk: &Account, path: &str) -> Result<(u16, Vec<u8>)> {
    let call = reqwest::Client::new().get(format!("{}/v1/desk/{path}", service.url())).bearer_auth(&clerk.token);
    let answer = call.send().await?;
    Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
}
