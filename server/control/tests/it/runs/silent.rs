//! A network that swallows what is sent: nothing is closed, nothing is answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::ChangeState;
use sandbox::jenkins::Behaviour;
use sqlx::PgPool;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::stage::{Stage, steps};

/// Between a worker and the database. Connections that were open when it fell silent stay so.
#[derive(Clone, Default)]
struct Wire {
    silent: Arc<AtomicBool>,
}

impl Wire {
    async fn to(&self, host: String, port: u16) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let wire = self.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect((host.as_str(), port))
                    .await
                    .expect("the database");
                let dead = Arc::new(AtomicBool::new(false));
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(wire.clone().carry(near_in, far_out, Arc::clone(&dead)));
                tokio::spawn(wire.clone().carry(far_in, near_out, dead));
            }
        });
        own
    }

    async fn carry(
        self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        dead: Arc<AtomicBool>,
    ) {
        let mut buffer = vec![0; 16_384];
        loop {
            let Ok(count @ 1..) = from.read(&mut buffer).await else {
                return;
            };
            if self.silent.load(Ordering::SeqCst) {
                dead.store(true, Ordering::SeqCst);
            }
            if !dead.load(Ordering::SeqCst) && to.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    }
}

/// Others go on with what it held, and it finds its way back by itself.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_database_that_says_nothing_does_not_keep_a_worker_for_ever(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.lease = Duration::from_secs(1)
    })
    .await;
    stage.behave(Behaviour::Hang);
    let wire = Wire::default();
    let mut apart = stage.apart();
    let (host, port) = (
        apart.options.get_host().to_owned(),
        apart.options.get_port(),
    );
    apart.options = apart
        .options
        .host("127.0.0.1")
        .port(wire.to(host, port).await);
    let (control, stop) = (apart.control().await, CancellationToken::new());
    let (own, token) = (control.clone(), stop.clone());
    let worker = tokio::spawn(async move { own.work_until(token).await });

    let first = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .until(first, |c| {
            steps(c).iter().any(|s| s.contains("Build 1 runs"))
        })
        .await;
    wire.silent.store(true, Ordering::SeqCst);
    stage.behave(Behaviour::Deploy);
    {
        let other = stage.worker();
        let cancelled = stage
            .portal
            .control
            .cancel(&stage.developer, first, "make way".into());
        cancelled.await.expect("asked");
        let ended = stage.ended(first).await;
        assert_eq!(ended.row.state, ChangeState::Cancelled);
        other.stop().await;
    }
    // Long enough for it to have tried, and for its connections to be given up.
    sleep(Duration::from_secs(2)).await;
    wire.silent.store(false, Ordering::SeqCst);
    let second = stage.approved("cart", "1.1.0", "dev").await;
    let done = stage.ended(second).await;
    assert_eq!(
        done.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&done).join("\n")
    );
    stop.cancel();
    worker.await.expect("stops");
}
