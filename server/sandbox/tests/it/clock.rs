//! Sessions end by the world's clock.
use std::time::Duration;

use aws_sdk_sts::error::ProvideErrorMetadata as _;

use super::{IRELAND, conformance_world, root, sdk, workloads};

#[tokio::test]
async fn a_session_ends_when_the_clock_says_so_and_signatures_follow_the_same_clock() {
    let sandbox = conformance_world().await;
    let session = workloads(&sandbox).await;
    let advance = |seconds: u64| {
        let call = reqwest::Client::new().post(format!("{}/_world/clock", sandbox.url()));
        async move {
            call.json(&serde_json::json!({ "advance_s": seconds }))
                .send()
                .await
                .expect("an answer")
                .status()
        }
    };
    assert_eq!(advance(600).await, 200);
    // The SDK signs with the machine's time, which the world has left behind.
    let sts = aws_sdk_sts::Client::new(&sdk(&sandbox, session.clone(), IRELAND, 1).await);
    let error = sts
        .get_caller_identity()
        .send()
        .await
        .expect_err("skewed")
        .into_service_error();
    assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
    assert!(
        error
            .message()
            .is_some_and(|message| message.starts_with("Signature expired: ")),
        "{error:?}"
    );

    assert_eq!(advance(3600).await, 200);
    let key = session.access_key_id().to_owned();
    let signed_now = |service: &'static str, target: Option<&'static str>| {
        super::hostile::signed(&sandbox, &session, service, target, sandbox.world().now())
    };
    for (service, target, code) in [
        ("sts", None, "ExpiredToken"),
        (
            "ecr",
            Some("AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"),
            "ExpiredTokenException",
        ),
        ("eks", None, "ExpiredTokenException"),
    ] {
        let answer = signed_now(service, target).send().await.expect("an answer");
        let headers = format!("{:?}", answer.headers());
        let text = headers + &answer.text().await.expect("text");
        assert!(text.contains(code), "{service}: {text}");
    }
    assert!(
        sandbox.world().identity_of_key(&key).is_some(),
        "remembered, so that its use can be told from a made-up key"
    );
    sandbox.world().clock().advance(Duration::from_hours(24));
    assert_eq!(
        super::hostile::signed(&sandbox, &root(), "sts", None, sandbox.world().now())
            .send()
            .await
            .expect("an answer")
            .status(),
        200
    );
}

#[tokio::test]
async fn senseless_clocks_are_refused() {
    let sandbox = conformance_world().await;
    for body in [
        "{}",
        "[]",
        "{\"advance_s\": -1}",
        "{\"advance_s\": 1e30}",
        "{\"advance_s\": 99999999999}",
        "{\"advance_s\": 1, \"x\": 2}",
    ] {
        let call = reqwest::Client::new().post(format!("{}/_world/clock", sandbox.url()));
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
    assert_eq!(sandbox.world().clock().offset_s(), 0);
}

#[tokio::test]
async fn the_state_shows_who_did_what_and_no_secret() {
    let sandbox = conformance_world().await;
    let session = workloads(&sandbox).await;
    aws_sdk_eks::Client::new(&sdk(&sandbox, session.clone(), IRELAND, 1).await)
        .describe_cluster()
        .name("shop-dev")
        .send()
        .await
        .expect("allowed");
    let read = async |path: &str| {
        let answer = reqwest::get(format!("{}{path}", sandbox.url()))
            .await
            .expect("an answer");
        answer.text().await.expect("text")
    };
    let text = read("/_world/state").await;
    assert!(!text.contains(session.secret_access_key()), "no secret");
    assert!(
        !text.contains(session.session_token().expect("a token")),
        "no session token"
    );
    let state: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let calls = state["calls"].as_array().expect("calls");
    assert_eq!(calls.len(), 2);
    assert_eq!(
        calls[0]["detail"]["issuedAccessKeyId"],
        session.access_key_id()
    );
    assert_eq!(calls[1]["operation"], "DescribeCluster");
    assert_eq!(calls[1]["region"], IRELAND);
    assert_eq!(
        calls[1]["caller"],
        "arn:aws:sts::200000000002:assumed-role/open/tests"
    );
    assert_eq!(calls[1]["access_key_id"], session.access_key_id());
    assert_eq!(state["aws"]["sessions"][0]["session_name"], "tests");
    let later: serde_json::Value =
        serde_json::from_str(&read("/_world/state?calls_after=1").await).expect("JSON");
    assert_eq!(later["calls"].as_array().map(Vec::len), Some(1));
}
