//! Faults as the SDK and the socket see them.
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use aws_sdk_sts::error::ProvideErrorMetadata as _;
use portolan_sandbox::world::faults::{Fault, Kind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{FRANKFURT, IRELAND, conformance_world, root, sdk, workloads};

#[tokio::test]
async fn throttling_and_errors_come_in_the_service_s_own_shape_and_are_retried() {
    let sandbox = conformance_world().await;
    let session = workloads(&sandbox).await;
    let once = sdk(&sandbox, session.clone(), IRELAND, 1).await;
    for (kind, sts, eks, ecr) in [
        (
            Kind::Throttle,
            "Throttling",
            "ThrottlingException",
            "ThrottlingException",
        ),
        (
            Kind::Error,
            "InternalFailure",
            "ServerException",
            "ServerException",
        ),
    ] {
        sandbox.world().faults().add(Fault::new(kind));
        let error = aws_sdk_sts::Client::new(&once)
            .get_caller_identity()
            .send()
            .await
            .expect_err("faulted")
            .into_service_error();
        assert_eq!(error.code(), Some(sts));
        let error = aws_sdk_eks::Client::new(&once)
            .list_clusters()
            .send()
            .await
            .expect_err("faulted")
            .into_service_error();
        assert_eq!(error.code(), Some(eks));
        let error = aws_sdk_ecr::Client::new(&once)
            .describe_repositories()
            .send()
            .await
            .expect_err("faulted")
            .into_service_error();
        assert_eq!(error.code(), Some(ecr));
        sandbox.world().faults().clear();
    }
    sandbox.world().faults().add(Fault {
        times: Some(2),
        ..Fault::new(Kind::Throttle)
    });
    let thrice = sdk(&sandbox, session, IRELAND, 3).await;
    aws_sdk_eks::Client::new(&thrice)
        .list_clusters()
        .send()
        .await
        .expect("the third try");
}

#[tokio::test]
async fn a_vanished_region_resets_its_own_connections_only() {
    let sandbox = conformance_world().await;
    let call = reqwest::Client::new().post(format!("{}/_world/faults", sandbox.url()));
    let added = call
        .json(&serde_json::json!({ "region": IRELAND, "kind": "reset" }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(added.status(), 201);
    let gone = aws_sdk_sts::Client::new(&sdk(&sandbox, root(), IRELAND, 1).await)
        .get_caller_identity()
        .send()
        .await;
    let gone = gone.expect_err("gone");
    assert!(
        gone.as_service_error().is_none(),
        "no answer at all: {gone:?}"
    );
    aws_sdk_sts::Client::new(&sdk(&sandbox, root(), FRANKFURT, 1).await)
        .get_caller_identity()
        .send()
        .await
        .expect("the other region lives");
    let calls = sandbox.world().calls(0);
    assert_eq!(calls[0].outcome, "fault:reset");
    let cleared = reqwest::Client::new()
        .delete(format!("{}/_world/faults", sandbox.url()))
        .send()
        .await
        .expect("an answer");
    assert_eq!(cleared.status(), 204);
    aws_sdk_sts::Client::new(&sdk(&sandbox, root(), IRELAND, 1).await)
        .get_caller_identity()
        .send()
        .await
        .expect("back again");
}

/// What a socket reads after a request that a fault meets.
async fn read(sandbox: &portolan_sandbox::Sandbox) -> std::io::Result<usize> {
    let address = sandbox.url().trim_start_matches("http://");
    let mut socket = tokio::net::TcpStream::connect(address).await?;
    socket
        .write_all(b"GET /pod-identity/v1/credentials HTTP/1.1\r\nhost: x\r\n\r\n")
        .await?;
    socket.read(&mut [0; 64]).await
}

#[tokio::test]
async fn reset_is_an_rst_and_refuse_is_a_fin() {
    let sandbox = conformance_world().await;
    sandbox.world().faults().add(Fault::new(Kind::Reset));
    assert_eq!(
        read(&sandbox).await.map_err(|error| error.kind()),
        Err(ErrorKind::ConnectionReset)
    );
    sandbox.world().faults().clear();
    sandbox.world().faults().add(Fault::new(Kind::Refuse));
    assert_eq!(read(&sandbox).await.expect("closed in good order"), 0);
    sandbox.world().faults().clear();
    sandbox.world().faults().add(Fault {
        ms: Some(300),
        ..Fault::new(Kind::Latency)
    });
    let started = Instant::now();
    assert!(read(&sandbox).await.expect("an answer") > 0);
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_vanishing_region_cuts_what_is_open_and_what_waits() {
    let sandbox = conformance_world().await;
    let elsewhere = |region: &'static str| Fault {
        service: Some("pod-identity".into()),
        ..Fault::region_gone(region)
    };
    sandbox.world().faults().add(Fault {
        ms: Some(60_000),
        ..Fault::new(Kind::Latency)
    });
    let world = std::sync::Arc::clone(sandbox.world());
    let waiting = tokio::spawn(async move { read(&sandbox).await.map_err(|error| error.kind()) });
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Pod Identity has no region, so this one must not touch it.
    world.faults().add(elsewhere(IRELAND));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    world.faults().add(Fault {
        service: Some("pod-identity".into()),
        ..Fault::new(Kind::Reset)
    });
    let ended = tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .expect("cut")
        .expect("no panic");
    assert_eq!(ended, Err(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn senseless_faults_are_refused() {
    let sandbox = conformance_world().await;
    for body in [
        r#"{"kind":"explode"}"#,
        r#"{"kind":"latency"}"#,
        r#"{"kind":"reset","p":2}"#,
        r#"{"kind":"reset","zone":"a"}"#,
        "{}",
        "x",
    ] {
        let call = reqwest::Client::new().post(format!("{}/_world/faults", sandbox.url()));
        let answer = call
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .expect("an answer");
        assert!(
            answer.status().is_client_error(),
            "{body}: {}",
            answer.status()
        );
    }
    assert!(sandbox.world().faults().list().is_empty());
}

#[tokio::test]
async fn dropping_the_sandbox_frees_its_port() {
    let sandbox = conformance_world().await;
    let address: std::net::SocketAddr = sandbox
        .url()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    drop(sandbox);
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still listening");
}
