//! The executors: each script is a child process in a process group of its own, its output streams into the build's log
//! line by line, and none outlives the sandbox.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command as Process};
use tokio::sync::mpsc;

use super::build::{Outcome, Stop};
use super::parameters::Parameter;
use super::state::{Command, Launch};
use super::switches::Behaviour;
use crate::world::World;

/// How often queue and builds move on.
const BEAT: Duration = Duration::from_millis(20);

const SCRIPTS: [(&str, &str); 4] = [
    ("deploy.mjs", include_str!("../../jobs/deploy.mjs")),
    ("canary.mjs", include_str!("../../jobs/canary.mjs")),
    ("scripted.mjs", include_str!("../../jobs/scripted.mjs")),
    ("guard.mjs", include_str!("../../jobs/guard.mjs")),
];

/// The scripts on disk, so that the binary works without its sources. Removed when the sandbox ends.
#[derive(Debug)]
struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    fn new() -> anyhow::Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("portolan-jenkins-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, text) in SCRIPTS {
            std::fs::write(folder.join(name), text)
                .with_context(|| format!("cannot write {name}"))?;
        }
        Ok(Self { folder })
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::debug!(%error, "cannot remove the scripts");
        }
    }
}

/// Milliseconds since 1970 by the world's clock.
pub(crate) fn now(world: &World) -> i64 {
    world.now().as_millisecond()
}

/// Drives Jenkins until the world ends.
pub(crate) fn spawn(world: &Arc<World>) {
    let (weak, stop) = (Arc::downgrade(world), world.stopped().clone());
    tokio::spawn(async move {
        tokio::select! {
            () = drive(weak) => {}
            () = stop.cancelled() => {}
        }
    });
}

async fn drive(world: Weak<World>) {
    let workshop = match Workshop::new() {
        Ok(workshop) => Arc::new(workshop),
        Err(error) => return tracing::error!(%error, "Jenkins has no place for its scripts"),
    };
    let mut running: HashMap<(String, u64), mpsc::UnboundedSender<Stop>> = HashMap::new();
    let mut beat = tokio::time::interval(BEAT);
    loop {
        beat.tick().await;
        let Some(world) = world.upgrade() else { return };
        let commands = world.lock().jenkins.tick(now(&world));
        for command in commands {
            match command {
                Command::Start(launch) => {
                    let (signals, stops) = mpsc::unbounded_channel();
                    running.insert((launch.job.clone(), launch.number), signals);
                    tokio::spawn(run(
                        Arc::clone(&world),
                        Arc::clone(&workshop),
                        launch,
                        stops,
                    ));
                }
                Command::Signal { job, number, stop } => {
                    if let Some(signals) = running.get(&(job, number)) {
                        // A closed channel means that the process has just ended by itself.
                        let _ = signals.send(stop);
                    }
                }
            }
        }
        running.retain(|_, signals| !signals.is_closed());
    }
}

async fn run(
    world: Arc<World>,
    workshop: Arc<Workshop>,
    launch: Launch,
    stops: mpsc::UnboundedReceiver<Stop>,
) {
    let (outcome, detail) = match process(&world, &workshop.folder, &launch) {
        Ok(child) => supervise(&world, &launch, child, stops).await,
        Err(error) => (Outcome::Failure, format!("ERROR: {error:#}")),
    };
    let now = now(&world);
    world
        .lock()
        .jenkins
        .exited(&launch.job, launch.number, outcome, &detail, now);
}

fn apply(world: &World, launch: &Launch) -> Result<(), String> {
    let given = |name: &str| {
        let mut all = launch.parameters.iter();
        let found = all.find(|parameter| parameter.name == name);
        found.map_or_else(String::new, |parameter| parameter.value.clone())
    };
    world.lock().kubernetes.apply(&given, now(world))
}

fn process(world: &World, folder: &Path, launch: &Launch) -> anyhow::Result<Child> {
    if launch.behaviour == Behaviour::Apply {
        apply(world, launch).map_err(anyhow::Error::msg)?;
    }
    let number = launch.number.to_string();
    let mut process = Process::new("node");
    process.arg("--import").arg(folder.join("guard.mjs"));
    match &launch.behaviour {
        Behaviour::Deploy => process.arg(folder.join("deploy.mjs")),
        Behaviour::Succeed | Behaviour::Apply => {
            process.arg(folder.join("scripted.mjs")).arg("succeed")
        }
        Behaviour::Fail => process.arg(folder.join("scripted.mjs")).arg("fail"),
        Behaviour::Hang => process.arg(folder.join("scripted.mjs")).arg("hang"),
        Behaviour::Stubborn => process.arg(folder.join("scripted.mjs")).arg("stubborn"),
        Behaviour::Lines { lines } => process
            .arg(folder.join("scripted.mjs"))
            .arg("lines")
            .arg(lines.to_string()),
    };
    // Nothing of our own environment may reach a build: neither credentials nor a proxy.
    process.env_clear();
    for kept in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(kept) {
            process.env(kept, value);
        }
    }
    process
        .env("SANDBOX_AWS_ENDPOINT", world.url())
        .env("JENKINS_URL", format!("{}/jenkins/", world.url()))
        .env("JOB_NAME", &launch.job)
        .env("BUILD_NUMBER", &number)
        .envs(
            launch
                .parameters
                .iter()
                .map(|Parameter { name, value, .. }| (name, value)),
        )
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    process.spawn().context("cannot start node")
}

async fn supervise(
    world: &Arc<World>,
    launch: &Launch,
    mut child: Child,
    mut stops: mpsc::UnboundedReceiver<Stop>,
) -> (Outcome, String) {
    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    // The guard in the child ends it when this pipe closes, however the sandbox itself dies.
    let _alive = child.stdin.take();
    let output = [
        child
            .stdout
            .take()
            .map(|out| tokio::spawn(copy(Arc::clone(world), launch.clone(), out))),
        child
            .stderr
            .take()
            .map(|out| tokio::spawn(copy(Arc::clone(world), launch.clone(), out))),
    ];
    let grace = Duration::from_millis(u64::from(launch.kill_after_ms));
    let mut deadline: Option<tokio::time::Instant> = None;
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended,
            stop = stops.recv() => match stop {
                Some(Stop::Interrupt) => {
                    signal(group, Signal::TERM);
                    deadline = Some(tokio::time::Instant::now() + grace);
                }
                Some(Stop::Terminate | Stop::Kill) | None => signal(group, Signal::KILL),
            },
            () = sleep_until(deadline) => {
                signal(group, Signal::KILL);
                deadline = None;
            }
            () = world.stopped().cancelled() => signal(group, Signal::KILL),
        }
    };
    for reader in output.into_iter().flatten() {
        if let Err(error) = reader.await {
            tracing::debug!(%error, "a log reader failed");
        }
    }
    verdict(ended)
}

fn verdict(ended: std::io::Result<ExitStatus>) -> (Outcome, String) {
    match ended {
        Ok(status) if status.success() => (Outcome::Success, String::new()),
        Ok(status) => match status.code() {
            Some(code) => (
                Outcome::Failure,
                format!("ERROR: script returned exit code {code}"),
            ),
            None => (
                Outcome::Failure,
                "ERROR: script was ended by a signal".to_owned(),
            ),
        },
        Err(error) => (Outcome::Failure, format!("ERROR: {error}")),
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group
        && let Err(error) = kill_process_group(group, signal)
    {
        tracing::debug!(%error, "the process is gone already");
    }
}

async fn copy(world: Arc<World>, launch: Launch, out: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(out);
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line).await {
            Ok(0) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']);
                if let Some(build) = world.lock().jenkins.build_mut(&launch.job, launch.number) {
                    build.output(text);
                }
            }
            Err(error) => return tracing::debug!(%error, "cannot read a build's output"),
        }
    }
}
