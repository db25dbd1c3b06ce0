//! Several real `portolan work` processes over one database and one stand-in world, killed and frozen while they work.
//!
//! What the matrices of `control` hold for one step at a time is held here for the whole program: its own start, its own
//! connections, signals of the system. Whatever dies, every change ends well, each build was started once, nobody
//! without the lease wrote anything, and the attempts tell who was lost.

mod fleet;
mod witness;
mod work;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sqlx::{PgPool, Row as _};
use tokio::time::sleep;

use self::{fleet::Fleet, witness::Loss, work::Work};
use crate::harness::World;

/// How many workers there are at any time, how many of them are killed at most, one after the other, and how many
/// frozen.
const WORKERS: usize = 4;
const KILLS: usize = 12;
const FREEZES: usize = 2;
/// Long enough for a busy machine to renew in.
const LEASE: Duration = Duration::from_secs(4);
/// Nothing of this takes so long; a change that is lost would wait for ever.
const PATIENCE: Duration = Duration::from_mins(5);

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nothing_is_lost_or_done_twice_whoever_dies(pool: PgPool) {
    let seed: u64 = rand::random();
    println!("the moments are those of seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let sandbox = sandbox::Sandbox::start(sandbox::Options::default())
        .await
        .expect("a stand-in world");
    let variables = fleet::variables(sandbox.url(), LEASE);
    let more: Vec<(&str, &str)> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let who = fleet::pod(sandbox.url());
    let world = World::as_somebody(pool, who, &more).await.with_shop().await;
    witness::watch(&world.pool).await;

    let mut work = Work::begin(&world).await;
    let mut fleet = Fleet::new(&world, &variables);
    for _ in 0..WORKERS {
        fleet.add().await;
    }
    let (began, mut killed) = (Instant::now(), BTreeMap::new());
    let (mut strike, mut thaw, mut freezes) = (Instant::now(), None, 0);
    let mut tries = 0;
    while !work.go_on(&world).await {
        assert!(began.elapsed() < PATIENCE, "{}", work.left(&world).await);
        if thaw.is_some_and(|at| Instant::now() >= at) {
            // Frozen in the middle of a transaction it keeps what it locked, and loses nothing.
            freezes += usize::from(fleet.has_lost(&world.pool).await);
            fleet.wake();
            thaw = None;
        }
        if Instant::now() >= strike {
            strike = Instant::now() + Duration::from_millis(random.random_range(150..1_000));
            if let Some(pid) = fleet.victim(&world.pool, &mut random).await {
                let rested = killed.len() > 2 * tries;
                if thaw.is_none() && freezes < FREEZES && rested {
                    tries += 1;
                    fleet.freeze(pid);
                    thaw = Some(Instant::now() + 2 * LEASE + LEASE / 2);
                } else if killed.len() < KILLS {
                    fleet.kill(pid);
                    killed.insert(pid, witness::now(&world.pool).await);
                    fleet.add().await;
                }
            }
        }
        sleep(Duration::from_millis(50)).await;
    }
    freezes += usize::from(fleet.has_lost(&world.pool).await);
    fleet.wake();
    assert!(
        killed.len() >= KILLS / 3 && freezes > 0,
        "it was over too soon: {} killed, {freezes} frozen",
        killed.len()
    );
    // Who was woken has had the time to do what it must not.
    sleep(LEASE / 2).await;
    for address in fleet.metrics().await {
        let asked = reqwest::get(format!("http://{address}/metrics")).await;
        assert_eq!(asked.expect("an answer").status(), 200, "{address}");
    }
    let frozen = fleet.stop();

    each_build_was_started_once(&world, &sandbox).await;
    every_step_succeeded_once(&world).await;
    let strangers = witness::strangers(&world.pool).await;
    assert_eq!(strangers, [""; 0], "written without the lease");
    let writers = witness::writers(&world.pool).await;
    assert!(writers > WORKERS, "{writers} processes have written");

    let lost = witness::lost(&world.pool).await;
    recovered(&lost, &killed);
    for (pid, log) in frozen {
        let lost = lost.iter().filter(|one| one.pid == pid).count();
        println!("frozen worker {pid} lost {lost} leases");
        let noticed = log.matches("nothing more is written").count();
        assert!(
            noticed >= lost,
            "{pid} lost {lost} and noticed {noticed}\n{log}"
        );
    }
}

/// Every build that Jenkins ever began is the one of one step, and every such step has one.
async fn each_build_was_started_once(world: &World, sandbox: &sandbox::Sandbox) {
    let mut marks: Vec<String> = {
        let world = sandbox.world().lock();
        work::SERVICES
            .iter()
            .flat_map(|service| {
                let job = format!("shop/deploy-{}", service.name);
                (1..200).map_while(move |n| Some((job.clone(), n)))
            })
            .filter_map(|(job, n)| {
                let build = world.jenkins.build(&job, n)?;
                let mark = build
                    .parameters
                    .iter()
                    .find(|p| p.name == "PORTOLAN_RUN_ID");
                Some(mark.expect("a mark").value.clone())
            })
            .collect()
    };
    marks.sort();
    let mut wanted: Vec<String> = sqlx::query_scalar("SELECT token FROM intent ORDER BY token")
        .fetch_all(&world.pool)
        .await
        .expect("intents");
    wanted.sort();
    assert_eq!(marks, wanted, "builds and the intentions of steps");
    let steps = "SELECT count(*) FROM step WHERE kind = 'trigger_pipeline'";
    assert_eq!(
        i64::try_from(marks.len()).ok(),
        Some(world.count(steps).await)
    );
}

async fn every_step_succeeded_once(world: &World) {
    let odd: Vec<String> = sqlx::query(
        "SELECT s.id::text AS id, s.state, count(a.*) FILTER (WHERE a.outcome = 'succeeded') AS succeeded,
             count(a.*) FILTER (WHERE a.ended_at IS NULL) AS open, max(a.epoch) = count(a.*) AS whole,
             (SELECT count(*) FROM audit_event e WHERE e.kind = 'step.succeeded' AND e.subject_id = s.id::text) AS told
         FROM step s LEFT JOIN attempt a ON a.step_id = s.id GROUP BY s.id",
    )
    .fetch_all(&world.pool)
    .await
    .expect("steps")
    .iter()
    .filter_map(|row| {
        let (id, state): (String, String) = (row.get("id"), row.get("state"));
        let number = |name: &str| row.get::<i64, _>(name);
        let as_it_should = state == "succeeded"
            && (number("succeeded"), number("open"), number("told")) == (1, 0, 1)
            && row.get::<bool, _>("whole");
        (!as_it_should).then(|| format!("{id} {state}"))
    })
    .collect();
    assert_eq!(odd, [""; 0], "steps");
    let runs = world.count("SELECT count(*) FROM run").await;
    let succeeded = "SELECT count(*) FROM audit_event WHERE kind = 'change.succeeded'";
    assert_eq!(world.count(succeeded).await, runs);
}

/// Whoever was killed with steps in hand is told of as lost, and each of them was taken up again. Prints how soon.
fn recovered(lost: &[Loss], killed: &BTreeMap<u32, jiff::Timestamp>) {
    let mut waits: Vec<f64> = lost
        .iter()
        .filter_map(|one| {
            let at = killed.get(&one.pid)?;
            let next = one.next.expect("taken up again");
            Some((next - *at).total(jiff::Unit::Second).expect("seconds"))
        })
        .collect();
    waits.sort_by(f64::total_cmp);
    assert!(
        waits.len() >= KILLS / 3,
        "only {} steps lost their worker",
        waits.len()
    );
    let at = |share: usize| waits[(waits.len() - 1) * share / 100];
    println!(
        "kill -9 to the next attempt, lease {LEASE:?}: {} steps, p50 {:.2} s, p99 {:.2} s, longest {:.2} s",
        waits.len(),
        at(50),
        at(99),
        at(100)
    );
}
