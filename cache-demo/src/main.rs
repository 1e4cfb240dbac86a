use std::io::{self, Write};
use std::process::ExitCode;

use cache_demo::cli::{Cli, Command};
use cache_demo::client::call_get;
use cache_demo::dashboard::Dashboard;
use cache_demo::interrupt::Interrupts;
use cache_demo::remote::{self, Failure};
use cache_demo::story::{Narrator, Script, tell};
use clap::Parser;
use resilient_runtime::config::Config;
use resilient_runtime::registry;

// What a shell says of a program that ctrl-c ended, and of one whose reader had enough.
const INTERRUPTED: u8 = 130;
const BROKEN_PIPE: u8 = 141;
// As for a command line that cannot be read.
const MISCONFIGURED: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // `RESILIENT__RETRY__COUNT=5` and its like.
    if let Err(mistakes) = Config::new().environment().apply() {
        eprintln!("cache-demo: {mistakes}");
        return ExitCode::from(MISCONFIGURED);
    }
    let done = match &cli.command {
        None => story(&cli).await,
        Some(Command::Server(args)) => remote::serve(args).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Client(args)) => remote::call(args).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Load(args)) => remote::load(args).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Policies) => policies().map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::from(BROKEN_PIPE)
        }
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::Interrupted => {
            ExitCode::from(INTERRUPTED)
        }
        Err(failure) => {
            eprintln!("cache-demo: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn policies() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let all = registry();
    if !all.is_enabled() {
        let by = all.enabled_by();
        writeln!(
            out,
            "Everything is switched off but the fallbacks ({by}).\n"
        )?;
    }
    for line in cache_demo::policies::table(registry().sites()) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

async fn story(cli: &Cli) -> Result<ExitCode, Failure> {
    let Some(address) = cli.dashboard else {
        return told(cli.json).await;
    };
    let mut interrupts = Interrupts::listen()?;
    let page = Dashboard::serve(address).await?;
    eprintln!("the page is at http://{}/", page.address());
    let code = tokio::select! {
        code = told(cli.json) => code?,
        () = interrupts.next() => return Err(remote::interrupted()),
    };
    eprintln!("the page stays at http://{}/ until ctrl-c", page.address());
    interrupts.next().await;
    Ok(code)
}

async fn told(json: bool) -> Result<ExitCode, Failure> {
    let mut narrator = if json {
        Narrator::silent()
    } else {
        Narrator::aloud()
    };
    let report = tell(call_get, &Script::default(), &mut narrator).await?;
    if json {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    for claim in report.claims.iter().filter(|claim| !claim.held) {
        let hint = claim.thanks_to.map_or_else(String::new, |attribute| {
            format!("; is there still a {attribute} above {}?", claim.above())
        });
        eprintln!(
            "cache-demo: this did not hold: {}: {} ({}){hint}",
            claim.act, claim.says, claim.figures
        );
    }
    Ok(if report.held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
