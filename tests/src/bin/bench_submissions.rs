//! `cargo xtask bench service submissions`: what taking in a submission costs, beside fastify and pg. Ends with status 1 if
//! a request costs the service more than [`TARGET`] of what the same work costs the peer, over rounds in
//! which they take turns.

use std::process::ExitCode;

use anyhow::Result;
use jianzai_tests::database::Postgres;
use jianzai_tests::submissions::load::Load;
use jianzai_tests::submissions::seed::{People, attempts};
use jianzai_tests::submissions::sides::Side;
use jianzai_tests::submissions::{BUNDLE, Kind, LINES, ROUNDS};
use jianzai_tests::trials::figures::Table;

/// Of the peer's processor time.
const TARGET: f64 = 0.5;

fn main() -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let (data, peers) = (folder.path().join("service"), folder.path().join("peer"));
    let postgres = Postgres::start()?;
    postgres.psql("postgres", "CREATE DATABASE ours")?;
    let people = People::import(&data, &postgres.url("ours"))?;
    attempts(&postgres, "ours")?;
    postgres.psql("postgres", "CREATE DATABASE peers TEMPLATE ours")?;
    for database in ["ours", "peers"] {
        postgres.psql(database, "VACUUM ANALYZE")?;
    }
    let ours = Side::service(&data, &postgres.url("ours"))?;
    let peer = Side::peer(&peers, &data.join("demo/people.csv"), &postgres.url("peers"))?;
    let load = |side, kind| Load::begin(side, kind, &people, postgres.id());
    let mut rows = [
        ("activation, service", load(&ours, Kind::Activation)?),
        ("activation, fastify + pg", load(&peer, Kind::Activation)?),
        ("its row alone, fastify + pg", load(&peer, Kind::Insert)?),
        ("bundle, service", load(&ours, Kind::Bundle)?),
        ("bundle, fastify + pg", load(&peer, Kind::Bundle)?),
    ];
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS} …");
        rows.iter_mut().try_for_each(|(_, load)| load.round())?;
    }
    Ok(report(&rows))
}

fn report(rows: &[(&str, Load<'_>); 5]) -> ExitCode {
    let mut table = Table::headed(&["submission", "accepted/s", "µs of CPU a request", "µs of PostgreSQL's"]);
    for (name, load) in rows {
        let figures = [load.whole.rate(), load.whole.per_request(), load.whole.database_per_request()];
        table.line([(*name).to_owned()].into_iter().chain(figures.map(|figure| format!("{figure:.0}"))).collect());
    }
    println!("{table}");
    println!(
        "{LINES} connections; a bundle has {BUNDLE} bytes and takes two requests; everything accepted is on the disk"
    );
    let [(_, activation), (_, same), (_, row), (_, bundle), (_, same_bundle)] = rows;
    println!("activation, beside its row alone: {:.2} of the peer's processor time", ratio(activation, row));
    let mut good = true;
    for (name, ratio) in [("activation", ratio(activation, same)), ("bundle", ratio(bundle, same_bundle))] {
        good &= ratio <= TARGET;
        let verdict = if ratio <= TARGET { "met" } else { "MISSED" };
        println!("{name}, beside the same work: {ratio:.2} of the peer's processor time; target {TARGET}: {verdict}");
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Ours over the peer's. The rounds of both lie beside each other, so that what the machine does meanwhile is in both sums.
fn ratio(ours: &Load<'_>, peers: &Load<'_>) -> f64 {
    ours.whole.per_request() / peers.whole.per_request()
}
