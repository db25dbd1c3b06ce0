//! The stand-in world as a process of its own, for the local stack.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use portolan_sandbox::{Description, Options, Sandbox};

/// A stand-in for AWS (two regions), Jenkins and Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "portolan-sandbox", version)]
struct Arguments {
    /// Address of the HTTP port (AWS, Jenkins, Pod Identity, /_world).
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Address of the TLS port (Kubernetes API).
    #[arg(long, default_value = "127.0.0.1:0")]
    kubernetes_listen: SocketAddr,
    /// World description; the shop is served without it.
    #[arg(long)]
    world: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portolan-sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let world = match &arguments.world {
        Some(path) => Description::read(path)?,
        None => Description::shop(),
    };
    let options = Options {
        listen: arguments.listen,
        kubernetes_listen: arguments.kubernetes_listen,
        world,
    };
    let sandbox = Sandbox::start(options).await?;
    // Scripts that asked for port 0 read the addresses from here.
    println!(
        "{}",
        serde_json::json!({ "url": sandbox.url(), "kubernetes_url": sandbox.kubernetes_url() })
    );
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
