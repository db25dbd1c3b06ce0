//! A worker in a thread of its own, with its own runtime and connections: what happens to it happens to nobody else.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use domain::{ChangeId, StepKind};
use portolan_control::runs::Worker;
use sandbox::{
    jenkins::Patch,
    world::faults::{Fault, Kind},
};
use sqlx::postgres::PgPoolOptions;
use tokio::time::sleep;
use tracing::Dispatch;

use super::{
    super::stage::Stage,
    points::{Phase, Point},
};

/// What happens at a point.
pub(super) enum Way {
    /// As `kill -9`: nothing after the point happens.
    Die,
    Do(Arc<dyn Fn() + Send + Sync>),
}

impl Way {
    pub(super) fn go(self) {
        match self {
            Self::Die => std::panic::resume_unwind(Box::new("killed")),
            Self::Do(act) => act(),
        }
    }
}

/// A worker under way.
pub(super) struct Apart(JoinHandle<()>);

impl Apart {
    /// Waits for its end without holding up the runtime here, which drives the world.
    pub(super) async fn ended(self) -> std::thread::Result<()> {
        while !self.0.is_finished() {
            sleep(Duration::from_millis(5)).await;
        }
        self.0.join()
    }
}

/// A worker that does one step at a time until the change no longer runs.
pub(super) fn worker(stage: &Stage, id: ChangeId, point: Point) -> Apart {
    doing(stage, id, "first", point, usize::MAX)
}

/// The same for so many attempts.
pub(super) fn doing(
    stage: &Stage,
    id: ChangeId,
    name: &'static str,
    point: Point,
    attempts: usize,
) -> Apart {
    let apart = stage.apart();
    let dispatch = Dispatch::new(point);
    Apart(std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        tracing::dispatcher::with_default(&dispatch, || {
            runtime.block_on(async {
                let control = apart.control().await;
                let looking = PgPoolOptions::new()
                    .max_connections(1)
                    .connect_with(apart.options.clone())
                    .await
                    .expect("connects");
                let worker = Worker::new(name);
                let mut done = 0;
                while done < attempts {
                    // The database may be away.
                    let state =
                        sqlx::query_scalar::<_, String>("SELECT state FROM change WHERE id = $1")
                            .bind(id.0)
                            .fetch_one(&looking)
                            .await;
                    if state.is_ok_and(|state| state != "running") {
                        break;
                    }
                    if let Ok(true) = control.work_once(&worker).await {
                        done += 1;
                    } else {
                        sleep(Duration::from_millis(10)).await;
                    }
                }
            });
        });
    }))
}

/// Kills the database and comes back when it is there again.
pub(super) fn kills_the_database() -> Arc<dyn Fn() + Send + Sync> {
    let address = std::env::var("PORTOLAN_KILL").expect("PORTOLAN_KILL, of make test");
    Arc::new(move || {
        let mut wire = TcpStream::connect(&address).expect("somebody who kills it");
        let asked = format!("POST / HTTP/1.0\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n");
        wire.write_all(asked.as_bytes()).expect("asked");
        let mut answer = String::new();
        wire.read_to_string(&mut answer).expect("an answer");
        assert!(answer.contains(" 204 "), "{answer}");
    })
}

/// Somebody with the right to throw everybody out of the database, at once and from any thread.
pub(super) struct Admin(mpsc::Sender<mpsc::Sender<()>>);

impl Admin {
    pub(super) fn new(stage: &Stage) -> Self {
        let options = stage.apart().options;
        let database = options.get_database().expect("a name").to_owned();
        let (ask, asked) = mpsc::channel::<mpsc::Sender<()>>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let elsewhere = PgPoolOptions::new()
                    .max_connections(1)
                    .connect_with(options.database("postgres"))
                    .await
                    .expect("another database");
                while let Ok(done) = asked.recv() {
                    sqlx::query(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                    )
                    .bind(&database)
                    .execute(&elsewhere)
                    .await
                    .expect("out");
                    let _ = done.send(());
                }
            });
        });
        Self(ask)
    }

    pub(super) fn throws_out(&self) -> Arc<dyn Fn() + Send + Sync> {
        let ask = std::sync::Mutex::new(self.0.clone());
        Arc::new(move || {
            let (done, out) = mpsc::channel();
            ask.lock().expect("unpoisoned").send(done).expect("there");
            out.recv().expect("out");
        })
    }
}

/// The next answer from outside does not arrive. Of the call that starts a build, the effect is there all the same.
pub(super) fn loses_replies(
    stage: &Stage,
    kind: StepKind,
    phase: Phase,
) -> Arc<dyn Fn() + Send + Sync> {
    let world = stage.sandbox.world().clone();
    let to_start = kind.starts_build() && matches!(phase, Phase::BeforeIntent | Phase::AfterIntent);
    Arc::new(move || {
        if to_start {
            let patch = Patch {
                drop_trigger_replies: Some(1),
                ..Patch::default()
            };
            world.lock().jenkins.switch(patch).expect("a switch");
        } else {
            world.faults().add(Fault {
                times: Some(1),
                ..Fault::new(Kind::Reset)
            });
        }
    })
}

pub(super) fn replies_again(stage: &Stage) {
    stage.sandbox.world().faults().clear();
    stage.jenkins(Patch {
        drop_trigger_replies: Some(0),
        ..Patch::default()
    });
}
