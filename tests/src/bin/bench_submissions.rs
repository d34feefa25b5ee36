//! `cargo xtask bench service submissions`: what taking in a submission costs, beside fastify and pg. Ends with status 1 if
//! a request costs the service more than [`TARGET`] of what the same work costs the peer.

use std::process::ExitCode;

use anyhow::Result;
use jianzai_tests::database::Postgres;
use jianzai_tests::submissions::load::{Measured, measure};
use jianzai_tests::submissions::seed::{People, attempts};
use jianzai_tests::submissions::sides::Side;
use jianzai_tests::submissions::{BUNDLE, Kind, LINES};
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
    let run = |name: &'static str, side: &Side, kind| {
        eprintln!("{name} …");
        measure(side, kind, &people, postgres.id()).map(|measured| (name, measured))
    };
    let rows = [
        run("activation, service", &ours, Kind::Activation)?,
        run("activation, fastify + pg", &peer, Kind::Activation)?,
        run("its row alone, fastify + pg", &peer, Kind::Insert)?,
        run("bundle, service", &ours, Kind::Bundle)?,
        run("bundle, fastify + pg", &peer, Kind::Bundle)?,
    ];
    Ok(report(&rows))
}

fn report(rows: &[(&str, Measured); 5]) -> ExitCode {
    let mut table = Table::headed(&["submission", "accepted/s", "µs of CPU a request", "µs of PostgreSQL's"]);
    for (name, measured) in rows {
        let figures = [measured.rate(), measured.per_request(), measured.database_per_request()];
        table.line([(*name).to_owned()].into_iter().chain(figures.map(|figure| format!("{figure:.0}"))).collect());
    }
    println!("{table}");
    println!(
        "{LINES} connections; a bundle has {BUNDLE} bytes and takes two requests; everything accepted is on the disk"
    );
    let [(_, activation), (_, same), (_, row), (_, bundle), (_, same_bundle)] = rows;
    let ratio = |ours: &Measured, peers: &Measured| ours.per_request() / peers.per_request();
    println!("activation, beside its row alone: {:.2} of the peer's processor time", ratio(activation, row));
    let mut good = true;
    for (name, ratio) in [("activation", ratio(activation, same)), ("bundle", ratio(bundle, same_bundle))] {
        good &= ratio <= TARGET;
        let verdict = if ratio <= TARGET { "met" } else { "MISSED" };
        println!("{name}, beside the same work: {ratio:.2} of the peer's processor time; target {TARGET}: {verdict}");
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
