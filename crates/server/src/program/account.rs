//! `jianzai-server account add | list | disable | reset`.
//!
//! A password is made and printed once, or read from standard input; it never stands on a command line, where others can
//! see it.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jianzai_server::accounts::{self, Access};
use jianzai_server::clock::SystemClock;
use jianzai_wire::desk::StaffRole;
use jianzai_wire::{Area, Language, LoginName, ReasonCode, Secret};

use crate::Data;

/// What to do with accounts.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make an account; prints what its owner needs to sign in, once.
    Add {
        #[command(flatten)]
        data: Data,
        /// The name to sign in with: 3 to 32 small letters, digits, `.`, `-`, `_`.
        login: String,
        /// clerk, head, volunteer or auditor.
        #[arg(long)]
        role: String,
        /// Where it works: 6 digits, for volunteers and auditors also 9 or 12; `440300` is all of Shenzhen, `000000` the whole country.
        #[arg(long)]
        area: String,
        /// Read the password from the first line of standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the accounts.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Close an account and end its sessions.
    Disable {
        #[command(flatten)]
        data: Data,
        /// The name.
        login: String,
    },
    /// Give an account a new password and authenticator, end its sessions, and open it if it was closed.
    Reset {
        #[command(flatten)]
        data: Data,
        /// The name.
        login: String,
        /// Read the password from the first line of standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Does it.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.what {
        What::Add { data, login, role, area, password_stdin } => {
            let Some(role) = StaffRole::named(&role) else { bail!("a role is clerk, head, volunteer or auditor") };
            let area = Area::parse(&area).map_err(in_words)?;
            if matches!(role, StaffRole::Clerk | StaffRole::Head) && area.divisions().is_none() {
                bail!(
                    "the register says in which district a pension is insured, not in which street: give a clerk or head a district or more"
                );
            }
            let config = data.config();
            let access = accounts::add(&config, &SystemClock, &name(&login)?, role, area, given(password_stdin)?).await;
            print(&access.map_err(told)?);
        }
        What::Reset { data, login, password_stdin } => {
            let access = accounts::reset(&data.config(), &SystemClock, &name(&login)?, given(password_stdin)?).await;
            print(&access.map_err(told)?);
        }
        What::Disable { data, login } => {
            accounts::disable(&data.config(), &SystemClock, &name(&login)?).await?;
            println!("closed");
        }
        What::List { data } => {
            for listed in accounts::list(&data.config(), &SystemClock).await? {
                let (account, state) = (listed.account, if listed.disabled { "closed" } else { "open" });
                let (login, role) = (listed.login.expose(), account.role.name());
                println!("{} {login} {role} {} {state} {}", account.id, account.area.digits(), listed.sessions);
            }
        }
    }
    Ok(())
}

fn name(login: &str) -> anyhow::Result<LoginName> {
    LoginName::parse(login).map_err(in_words)
}

fn given(from_input: bool) -> anyhow::Result<Option<Secret>> {
    if !from_input {
        return Ok(None);
    }
    // More than any password; whatever follows the first line is not looked at.
    let mut text = String::new();
    std::io::stdin().take(4_096).read_to_string(&mut text).context("reading the password")?;
    let secret = Secret::new(text);
    Ok(Some(Secret::new(secret.expose().lines().next().unwrap_or_default().to_owned())))
}

fn print(access: &Access) {
    println!("account {}", access.id);
    if let Some(password) = &access.password {
        println!("password {}", password.expose());
    }
    println!("authenticator {}", access.authenticator.expose());
    println!("Hand these over now: they are not shown again.");
}

fn told(error: accounts::AccountError) -> anyhow::Error {
    match error {
        accounts::AccountError::Refused(reason) => in_words(reason),
        other => other.into(),
    }
}

fn in_words(reason: ReasonCode) -> anyhow::Error {
    let words = reason.words(Language::En);
    anyhow::anyhow!("{} {} ({reason})", words.sentence, words.next_step)
}
