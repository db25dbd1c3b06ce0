//! The command line: `portolan serve | work | migrate | openapi | doctor | verify`.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{
    commands,
    config::{Config, LogFormat},
    serve,
};

/// The control plane for microservices that run in two AWS regions.
#[derive(Debug, Parser)]
#[command(name = "portolan", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages and API; executes runs too, unless worker.embedded is false.
    Serve(Configured),
    /// Execute runs without serving pages, beside other workers.
    Work(Configured),
    /// Bring the database up to date; needs `database.owner_url`.
    Migrate(Configured),
    /// Print the `OpenAPI` description of the REST API.
    Openapi,
    /// Check the configuration, the database, the identity provider and the built pages.
    Doctor(Configured),
    /// Check a proof bundle of the audit log.
    Verify {
        /// The bundle to check.
        bundle: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Configured {
    /// The configuration file.
    #[arg(long, env = "PORTOLAN_CONFIG", default_value = "portolan.toml")]
    config: PathBuf,
}

/// Runs the process. Every failure is said in words on stderr.
pub fn run() -> ExitCode {
    match execute(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("portolan: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    // Several crates bring rustls; without this the first connection would panic about which cryptography to use.
    control::outside::install_tls();
    match cli.command {
        Command::Openapi => {
            say(&commands::openapi()?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify { bundle } => {
            eprintln!(
                "portolan: {} was not checked: this version makes no proof bundles yet, so there is none it could verify.",
                bundle.display()
            );
            Ok(ExitCode::from(2))
        }
        Command::Serve(c) => with(&c, |config| async move {
            serve::run(config).await?;
            Ok(ExitCode::SUCCESS)
        }),
        Command::Work(c) => with(&c, |config| async move {
            serve::work(config).await?;
            Ok(ExitCode::SUCCESS)
        }),
        Command::Migrate(c) => with(&c, |config| async move {
            commands::migrate(&config).await?;
            Ok(ExitCode::SUCCESS)
        }),
        Command::Doctor(c) => with(&c, |config| async move { commands::doctor(config).await }),
    }
}

/// Reads the configuration, starts logging and the runtime, and runs `f`.
fn with<F: Future<Output = anyhow::Result<ExitCode>>>(
    arguments: &Configured,
    f: impl FnOnce(Config) -> F,
) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.config)?;
    log(config.log);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(f(config))
}

/// Prints to stdout. That the reader has gone, as `head` does, is no failure of ours.
fn say(text: &str) -> std::io::Result<()> {
    use std::io::{ErrorKind, Write as _};
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn log(format: LogFormat) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let started = match format {
        LogFormat::Text => fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .try_init(),
        LogFormat::Json => fmt()
            .json()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .try_init(),
    };
    if let Err(why) = started {
        eprintln!("portolan: no log: {why}");
    }
}
