//! The processes: started as an installation starts them, ended as a machine ends them.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use control::outside::PortalIdentity;
use rand::{Rng, seq::IndexedRandom as _};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::harness::{self, World};

/// What the pod's agent asks for.
const TOKEN: &str = "pod-identity-token-portolan";

/// What points a portal at this stand-in world, on top of what every test's portal has.
pub fn variables(sandbox: &str, lease: Duration) -> Vec<(&'static str, String)> {
    vec![
        ("PORTOLAN_JENKINS__URL", format!("{sandbox}/jenkins")),
        (
            "PORTOLAN_JENKINS__TOKEN",
            "jenkins-api-token-portolan".to_owned(),
        ),
        ("PORTOLAN_AWS__ENDPOINT", sandbox.to_owned()),
        ("PORTOLAN_LIMITS__REDEEM", "100000".to_owned()),
        ("PORTOLAN_TIMES__LEASE", format!("{}s", lease.as_secs())),
        ("PORTOLAN_TIMES__POLL", "100ms".to_owned()),
        ("PORTOLAN_TIMES__FOLLOW", "200ms".to_owned()),
    ]
}

/// Whom the portal in this process is at AWS; the workers, which have an environment of their own, learn it from that.
pub fn pod(sandbox: &str) -> PortalIdentity {
    PortalIdentity::Provider(SharedCredentialsProvider::new(Pod(sandbox.to_owned())))
}

#[derive(Debug)]
struct Pod(String);

impl ProvideCredentials for Pod {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let answer = reqwest::Client::new()
                .get(format!("{}/pod-identity/v1/credentials", self.0))
                .header("authorization", TOKEN)
                .send()
                .await
                .map_err(CredentialsError::provider_error)?
                .json::<serde_json::Value>()
                .await
                .map_err(CredentialsError::provider_error)?;
            let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            let (id, secret, token) = (text("AccessKeyId"), text("SecretAccessKey"), text("Token"));
            Ok(Credentials::new(id, secret, Some(token), None, "pod"))
        })
    }
}

struct Process {
    child: Child,
    log: PathBuf,
}

/// Dropped, it ends whatever is left of it.
pub struct Fleet {
    config: PathBuf,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    database: String,
    alive: Vec<Process>,
    asleep: Option<Process>,
    /// Those that slept once.
    woken: Vec<u32>,
    pool: PgPool,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in self.alive.iter_mut().chain(&mut self.asleep) {
            process.child.kill().ok();
            process.child.wait().ok();
        }
        fs::remove_dir_all(&self.folder).ok();
    }
}

impl Fleet {
    pub fn new(world: &World, variables: &[(&'static str, String)]) -> Self {
        let folder = std::env::temp_dir().join(format!("portolan-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).expect("a folder");
        let (config, token) = (folder.join("portolan.toml"), folder.join("token"));
        fs::write(&config, harness::CONFIG).expect("written");
        // The base identity comes as on EKS: from the Pod Identity agent.
        fs::write(&token, TOKEN).expect("written");
        let sandbox = &variables
            .iter()
            .find(|(name, _)| *name == "PORTOLAN_AWS__ENDPOINT");
        let sandbox = sandbox.map(|(_, url)| url.as_str()).expect("an address");
        let database = harness::database_url(&world.pool);
        let own = [
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{sandbox}/pod-identity/v1/credentials"),
            ),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                token.display().to_string(),
            ),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("RUST_LOG", "info".to_owned()),
        ];
        let text = |(name, value): (&str, String)| (name.to_owned(), value);
        let mut all = harness::variables(&world.url, &database, world.op.issuer());
        all.extend(variables.iter().cloned().map(text));
        all.extend(own.map(text));
        Self {
            config,
            folder,
            variables: all,
            database,
            alive: vec![],
            asleep: None,
            woken: vec![],
            pool: world.pool.clone(),
        }
    }

    /// Another worker. Its connections say which one they are, so that the witness knows who writes.
    pub async fn add(&mut self) {
        let name = uuid::Uuid::now_v7();
        let log = self.folder.join(format!("{name}.log"));
        let database = format!("{}%20-c%20witness.process%3D{name}", self.database);
        let child = Command::new(env!("CARGO_BIN_EXE_portolan"))
            .args(["work", "--config"])
            .arg(&self.config)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("PORTOLAN_DATABASE__URL", database)
            .env("PORTOLAN_METRICS_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("started");
        sqlx::query("INSERT INTO witness_process (name, pid) VALUES ($1, $2)")
            .bind(name.to_string())
            .bind(i64::from(child.id()))
            .execute(&self.pool)
            .await
            .expect("noted");
        self.alive.push(Process { child, log });
    }

    /// One that holds a step, but none that has lost two workers: three in a row would rightly stop the step.
    pub async fn victim(&self, pool: &PgPool, random: &mut impl Rng) -> Option<u32> {
        let holders: Vec<i64> = sqlx::query_scalar(
            "SELECT split_part(lease_owner, '-', 2)::bigint FROM step WHERE state = 'running'
             GROUP BY 1 HAVING max(deaths) < 2",
        )
        .fetch_all(pool)
        .await
        .expect("holders");
        // Those that slept are left to show what they do with what they lost.
        let alive = self.alive.iter().map(|one| one.child.id());
        let fit =
            alive.filter(|pid| holders.contains(&i64::from(*pid)) && !self.woken.contains(pid));
        fit.collect::<Vec<_>>().choose(random).copied()
    }

    pub fn kill(&mut self, pid: u32) {
        let mut process = self.take(pid);
        process.child.kill().expect("killed");
        process.child.wait().expect("gone");
    }

    pub fn freeze(&mut self, pid: u32) {
        let process = self.take(pid);
        signal("STOP", pid);
        self.asleep = Some(process);
    }

    /// Whether somebody else has taken up what the one that sleeps held.
    pub async fn has_lost(&self, pool: &PgPool) -> bool {
        let Some(pid) = self.asleep.as_ref().map(|one| one.child.id()) else {
            return false;
        };
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM attempt WHERE outcome = 'lost' AND split_part(worker, '-', 2)::bigint = $1)",
        )
        .bind(i64::from(pid))
        .fetch_one(pool)
        .await
        .expect("an answer")
    }

    pub fn wake(&mut self) {
        if let Some(process) = self.asleep.take() {
            signal("CONT", process.child.id());
            self.woken.push(process.child.id());
            self.alive.push(process);
        }
    }

    /// Where each tells its metrics, as its log says: one that was only just added may have yet to say it.
    pub async fn metrics(&self) -> Vec<String> {
        let mut all = vec![];
        for process in &self.alive {
            let give_up = Instant::now() + Duration::from_mins(1);
            all.push(loop {
                let log = fs::read_to_string(&process.log).expect("a log");
                let line = log.lines().find(|line| line.contains("telling metrics"));
                if let Some((_, said)) = line.and_then(|line| line.split_once("address=")) {
                    break said.split(' ').next().unwrap_or_default().to_owned();
                }
                assert!(Instant::now() < give_up, "no address in\n{log}");
                sleep(Duration::from_millis(100)).await;
            });
        }
        all
    }

    /// Ends all in good order. Answers what those said that had slept.
    pub fn stop(&mut self) -> Vec<(u32, String)> {
        for process in &self.alive {
            signal("TERM", process.child.id());
        }
        let mut said = vec![];
        for mut process in self.alive.drain(..) {
            let (pid, ended) = (process.child.id(), process.child.wait().expect("ends"));
            let log = fs::read_to_string(&process.log).expect("a log");
            assert!(ended.success(), "{pid}: {ended}\n{log}");
            if self.woken.contains(&pid) {
                said.push((pid, log));
            }
        }
        said
    }

    fn take(&mut self, pid: u32) -> Process {
        let at = self.alive.iter().position(|one| one.child.id() == pid);
        self.alive.swap_remove(at.expect("alive"))
    }
}

fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(sent.expect("kill").success(), "{name} to {pid}");
}
