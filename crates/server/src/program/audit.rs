//! `jianzai-server audit verify | head`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jianzai_server::audit::{SignedHead, signed_head, verify};
use jianzai_server::clock::{Clock as _, SystemClock};
use jianzai_server::config::Config;
use jianzai_server::keys::KeyRing;

use crate::Data;

/// What to do with the linked log.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Prove the log whole, or name what is changed or missing; then the exit status is 1.
    Verify {
        #[command(flatten)]
        data: Data,
        /// Signed heads that were handed out earlier: the log must still hold what they speak of.
        #[arg(long = "head", value_name = "FILE")]
        heads: Vec<PathBuf>,
    },
    /// Sign the end of the log and print it as JSON, to be kept where the operator of this machine can't change it.
    Head {
        #[command(flatten)]
        data: Data,
    },
}

/// Does it; whether the log is whole.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<bool> {
    let keys = |config: &Config| KeyRing::of(config, &jianzai_server::today(SystemClock.now()));
    match arguments.what {
        What::Verify { data, heads } => {
            let config = data.config();
            let heads = heads.iter().map(|path| SignedHead::read(path)).collect::<Result<Vec<_>, _>>()?;
            let report = verify(&config, &keys(&config)?, &heads).await?;
            for fault in &report.faults {
                println!("{fault}");
            }
            let whole = report.faults.is_empty();
            let verdict = if whole { "whole" } else { "NOT whole" };
            println!("{verdict}: {} entries, {} signed heads compared", report.entries, report.heads);
            Ok(whole)
        }
        What::Head { data } => {
            let config = data.config();
            let head = signed_head(&config, &keys(&config)?, SystemClock.now()).await?;
            println!("{}", serde_json::to_string_pretty(&head).context("writing the head")?);
            Ok(true)
        }
    }
}
