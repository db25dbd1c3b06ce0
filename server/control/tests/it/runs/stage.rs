//! A portal with the whole stand-in world around it: AWS in two regions, Jenkins that runs real scripts, clusters.

use std::time::Duration;

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use domain::{
    Caller, ChangeId, ChangeState, JobRole, Reason, RequestId, RuleSet, ServiceName, StartMode,
    StepKind, StepState, Verdict, Version,
};
use portolan_control::{
    Clock, Control, Outside, Settings,
    changes::{ChangeDetail, NewChange},
    outside::PortalIdentity,
    runs::Worker,
    settings::Times,
};
use sandbox::{
    Options, Sandbox,
    jenkins::{Behaviour, Patch},
    world::{faults::Fault, journal::Call},
};
use serde_json::{Value, json};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::{Portal, RULES, deploy, policies, release, rules, service, settings};

/// Whose role the portal has: fetched from the pod's agent, as the SDK does where environment variables name it.
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
                .header("authorization", "pod-identity-token-portolan")
                .send()
                .await
                .map_err(CredentialsError::provider_error)?
                .json::<Value>()
                .await
                .map_err(CredentialsError::provider_error)?;
            let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            Ok(Credentials::new(
                text("AccessKeyId"),
                text("SecretAccessKey"),
                Some(text("Token")),
                None,
                "pod",
            ))
        })
    }
}

pub(crate) struct Stage {
    pub(crate) portal: Portal,
    pub(crate) sandbox: Sandbox,
    pub(crate) settings: Settings,
    rules: RuleSet,
    pub(crate) developer: Caller,
    pub(crate) colleague: Caller,
    pub(crate) manager: Caller,
    tickets: JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.tickets.abort();
    }
}

/// Quick, but with a lease that a busy machine keeps.
fn quick() -> Times {
    Times {
        poll: Duration::from_millis(25),
        follow: Duration::from_millis(40),
        lease: Duration::from_secs(6),
        pipeline: Duration::from_mins(10),
        rollout: Duration::from_secs(30),
        ..Times::default()
    }
}

impl Stage {
    pub(crate) async fn new(pool: PgPool) -> Self {
        Self::with(pool, |_| ()).await
    }

    pub(crate) async fn with(pool: PgPool, change: impl FnOnce(&mut Settings)) -> Self {
        Self::under(pool, rules(RULES), change).await
    }

    /// Under these rules.
    pub(crate) async fn under(
        pool: PgPool,
        rules: RuleSet,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let sandbox = Sandbox::start(Options::default()).await.expect("sandbox");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = format!("http://{}", listener.local_addr().expect("address"));
        let mut settings = settings();
        settings.public_url = own.parse().expect("url");
        settings.times = quick();
        settings.aws.endpoint = Some(sandbox.url().parse().expect("url"));
        settings.jenkins.url = format!("{}/jenkins", sandbox.url()).parse().expect("url");
        settings.jenkins.token = "jenkins-api-token-portolan".to_owned().into();
        change(&mut settings);

        let clock = Clock::system();
        let control = control(pool.clone(), &settings, &rules, sandbox.url(), &clock);
        control
            .apply_configured_environments()
            .await
            .expect("environments");
        let tickets = tokio::spawn(serve_tickets(listener, control.clone()));
        let portal = Portal {
            control,
            clock,
            pool,
        };
        let (developer, manager) = portal.shop().await;
        let colleague = portal
            .person("developer2", &[JobRole::Developer], &["checkout"], false)
            .await;
        let stage = Self {
            portal,
            sandbox,
            settings,
            rules,
            developer,
            colleague,
            manager,
            tickets,
        };
        stage.jenkins(Patch {
            post_production_ms: Some(20),
            ..Patch::default()
        });
        stage.clusters(json!({"rollout_ms": 50}));
        stage
    }

    /// Another portal on the same database and the same world.
    pub(crate) fn another(&self) -> Control {
        control(
            self.portal.pool.clone(),
            &self.settings,
            &self.rules,
            self.sandbox.url(),
            &self.portal.clock,
        )
    }

    /// So many changes under way, as copies of one: each of its own service, so that none waits for another.
    pub(crate) async fn copies(&self, of: ChangeId, how_many: usize) {
        let mut conn = self.portal.pool.acquire().await.expect("a connection");
        for sql in [
        "CREATE TEMP TABLE copy AS SELECT n, gen_random_uuid() AS change, gen_random_uuid() AS run_grant, gen_random_uuid() AS run
             FROM generate_series(1, $2) n WHERE $1::uuid IS NOT NULL",
        "INSERT INTO change (id, kind, state, reason, requester_id, requester_login, service_id, service, team, release_id, version,
                 environment, protected, start_mode, evidence, evidence_digest, requirements, created_at, updated_at, expires_at)
             SELECT copy.change, kind, state, reason, requester_id, requester_login, service_id, service || copy.n, team, release_id, version,
                 environment, protected, start_mode, evidence, evidence_digest, requirements, created_at, updated_at, expires_at
             FROM change, copy WHERE id = $1 AND $2 > 0",
        "INSERT INTO run_grant (id, change_id, evidence_digest, made_at, consumed_at)
             SELECT copy.run_grant, copy.change, evidence_digest, made_at, consumed_at FROM run_grant, copy WHERE change_id = $1 AND $2 > 0",
        "INSERT INTO run (id, change_id, grant_id, state, stepped_up, started_at)
             SELECT copy.run, copy.change, copy.run_grant, state, stepped_up, started_at FROM run, copy WHERE change_id = $1 AND $2 > 0",
        "INSERT INTO step (id, run_id, position, region, kind, state)
             SELECT gen_random_uuid(), copy.run, position, region, kind, step.state
             FROM step JOIN run ON run.id = run_id, copy WHERE change_id = $1 AND $2 > 0",
    ] {
        sqlx::query(sql)
            .bind(of.0)
            .bind(i32::try_from(how_many).expect("a number"))
            .execute(&mut *conn)
            .await
            .expect("copied");
    }
    }

    /// What makes a portal of its own, with its own connections, in another thread and its own runtime.
    pub(crate) fn apart(&self) -> Apart {
        Apart {
            options: self.portal.pool.connect_options().as_ref().clone(),
            settings: self.settings.clone(),
            rules: self.rules.clone(),
            sandbox: self.sandbox.url().to_owned(),
            clock: self.portal.clock.clone(),
        }
    }

    pub(crate) fn jenkins(&self, patch: Patch) {
        let mut world = self.sandbox.world().lock();
        world.jenkins.switch(patch).expect("a switch of Jenkins");
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.jenkins(Patch {
            behaviour: Some(behaviour),
            ..Patch::default()
        });
    }

    pub(crate) fn clusters(&self, patch: Value) {
        let patch = serde_json::from_value(patch).expect("a switch");
        let now = self.sandbox.world().now().as_millisecond();
        let mut world = self.sandbox.world().lock();
        world
            .kubernetes
            .switch(&patch, now)
            .expect("a switch of clusters");
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.sandbox.world().faults().add(fault);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.sandbox.world().calls(0)
    }

    /// How many builds Jenkins ever began of a job of the shop.
    pub(crate) fn builds(&self, name: &str) -> usize {
        let job = format!("shop/deploy-{name}");
        let world = self.sandbox.world().lock();
        (1..500)
            .take_while(|n| world.jenkins.build(&job, *n).is_some())
            .count()
    }

    /// Builds that still run.
    pub(crate) fn running(&self, name: &str) -> usize {
        let job = format!("shop/deploy-{name}");
        let world = self.sandbox.world().lock();
        (1..500)
            .filter_map(|n| world.jenkins.build(&job, n))
            .filter(|build| build.in_progress)
            .count()
    }

    /// An approved change of `name` that starts by itself.
    pub(crate) async fn approved(&self, name: &str, version: &str, environment: &str) -> ChangeId {
        let name: ServiceName = service(name);
        let parsed = Version::parse(version).expect("version");
        let new = release(name.as_str(), version);
        self.portal
            .control
            .register_release(&self.developer, &name, new)
            .await
            .expect("release");
        let new = NewChange {
            service: name,
            version: parsed,
            start_mode: StartMode::OnApproval,
            reason: Reason::parse("to see it run").expect("reason"),
            ..deploy(version, environment)
        };
        let change = self
            .portal
            .control
            .request_change(&self.developer, new)
            .await
            .expect("requested");
        if change.row.state == ChangeState::AwaitingApproval {
            let by = if environment == "production" {
                &self.manager
            } else {
                &self.colleague
            };
            let digest = change.row.evidence_digest;
            self.portal
                .control
                .decide(by, change.row.id, Verdict::Approve, digest, String::new())
                .await
                .expect("approved");
        }
        change.row.id
    }

    /// A worker that runs until the guard is dropped.
    pub(crate) fn worker(&self) -> Running {
        let stop = CancellationToken::new();
        let (control, own) = (self.portal.control.clone(), stop.clone());
        let task = tokio::spawn(async move { control.work_until(own).await });
        Running { stop, task }
    }

    pub(crate) async fn change(&self, id: ChangeId) -> ChangeDetail {
        self.portal
            .control
            .change(&self.developer, id)
            .await
            .expect("reads")
    }

    /// Waits until the change no longer runs.
    pub(crate) async fn ended(&self, id: ChangeId) -> ChangeDetail {
        self.until(id, |change| {
            !matches!(
                change.row.state,
                ChangeState::Running | ChangeState::Approved
            )
        })
        .await
    }

    pub(crate) async fn until(
        &self,
        id: ChangeId,
        reached: impl Fn(&ChangeDetail) -> bool,
    ) -> ChangeDetail {
        // Long: on a busy machine a request that is answered too late sends a step round by way of its next attempt.
        let give_up = Instant::now() + Duration::from_mins(5);
        loop {
            let change = self.change(id).await;
            if reached(&change) {
                return change;
            }
            assert!(
                Instant::now() < give_up,
                "not reached in five minutes: {}\n{}",
                change.row.state,
                steps(&change).join("\n")
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs one change of cart to its end.
    pub(crate) async fn run(&self, version: &str, environment: &str) -> ChangeDetail {
        let id = self.approved("cart", version, environment).await;
        let worker = self.worker();
        let change = self.ended(id).await;
        // In good order: what comes next is not claimed by a worker on its way out.
        worker.stop().await;
        change
    }

    /// Time passes: whoever holds a lease and is gone has lost it.
    pub(crate) async fn leases_end(&self) {
        sqlx::query("UPDATE step SET due_at = now(), lease_expires_at = now() WHERE state IN ('running', 'due')")
            .execute(&self.portal.pool)
            .await
            .expect("leases");
    }

    /// Works until nothing of the change runs any more, in this very task.
    pub(crate) async fn work_alone(&self, id: ChangeId) -> ChangeDetail {
        let control = self.another();
        let worker = Worker::new("second");
        loop {
            let change = self.change(id).await;
            if change.row.state != ChangeState::Running {
                return change;
            }
            if !control.work_once(&worker).await.expect("claims") {
                sleep(Duration::from_millis(15)).await;
            }
        }
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.portal.pool)
            .await
            .expect("a number")
    }
}

/// See [`Stage::apart`].
#[derive(Clone)]
pub(crate) struct Apart {
    pub(crate) options: PgConnectOptions,
    settings: Settings,
    rules: RuleSet,
    sandbox: String,
    clock: Clock,
}

impl Apart {
    /// To be called inside the runtime that will drive it.
    pub(crate) async fn control(&self) -> Control {
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .connect_with(self.options.clone())
            .await
            .expect("connects");
        control(
            pool,
            &self.settings,
            &self.rules,
            &self.sandbox,
            &self.clock,
        )
    }
}

/// A worker of its own, stopped with the guard.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// In good order: what is held is given back.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.task).await.expect("stops");
    }
    /// As `kill -9` would: nothing is given back.
    pub(crate) fn kill(self) {
        self.task.abort();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn control(
    pool: PgPool,
    settings: &Settings,
    rules: &RuleSet,
    sandbox: &str,
    clock: &Clock,
) -> Control {
    let pod = SharedCredentialsProvider::new(Pod(sandbox.to_owned()));
    let identity = PortalIdentity::Provider(pod);
    let outside = Outside::new(&settings.aws, &settings.jenkins, identity).expect("outside");
    Control::new(
        pool,
        policies(),
        rules.clone(),
        settings.clone(),
        clock.clone(),
        outside,
    )
}

/// One line a step: where, what, how it stands and what it says.
pub(crate) fn steps(change: &ChangeDetail) -> Vec<String> {
    let run = change.run.iter().flat_map(|run| &run.steps);
    run.map(|step| {
        format!(
            "{} {} {}: {}",
            step.region,
            step.kind,
            step.state,
            step.note.as_deref().unwrap_or_default()
        )
    })
    .collect()
}

pub(crate) fn state_of(change: &ChangeDetail, region: &str, kind: StepKind) -> Option<StepState> {
    let mut steps = change.run.iter().flat_map(|run| &run.steps);
    steps
        .find(|step| step.region.as_str() == region && step.kind == kind)
        .map(|step| step.state)
}

/// The one address a pipeline needs of the portal, spoken just well enough for its client.
async fn serve_tickets(listener: TcpListener, control: Control) {
    while let Ok((stream, _)) = listener.accept().await {
        let control = control.clone();
        tokio::spawn(async move { answer(stream, control).await });
    }
}

async fn answer(mut stream: TcpStream, control: Control) -> Option<()> {
    let mut seen = vec![];
    let body = loop {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece).await.ok()?;
        seen.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is = name.eq_ignore_ascii_case("content-length");
                is.then(|| value.trim().parse::<usize>().ok())?
            })?;
            if body.len() >= length {
                break body.to_owned();
            }
        }
        if n == 0 {
            return None;
        }
    };
    let ticket: Value = serde_json::from_str(&body).ok()?;
    let ticket = ticket["ticket"].as_str().unwrap_or_default().to_owned();
    let redeemed = control
        .redeem(ticket.into(), RequestId(Uuid::now_v7()), None)
        .await;
    let (status, body) = match redeemed {
        Ok(credentials) => (200, serde_json::to_string(&credentials).ok()?),
        Err(error) => (error.code().status(), json!(error.refusal()).to_string()),
    };
    let answer = format!(
        "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}
