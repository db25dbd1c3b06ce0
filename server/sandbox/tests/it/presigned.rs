//! Presigned `GetCallerIdentity`: over HTTP, and as the EKS token that a cluster verifies.
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use portolan_sandbox::Sandbox;

use super::{IRELAND, conformance_world, root, workloads};

const IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

fn presign(who: &Credentials, base: &str, query: &str, headers: &[(&str, &str)]) -> String {
    let url = format!("{base}/?{query}");
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_mins(1));
    let identity = who.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(IRELAND)
        .name("sts")
        .time(SystemTime::now())
        .settings(settings);
    let params = params.build().expect("complete").into();
    let request = SignableRequest::new(
        "GET",
        &url,
        headers.iter().copied(),
        SignableBody::Bytes(b""),
    )
    .expect("signable");
    let (instructions, _) = sign(request, &params).expect("signed").into_parts();
    let mut request = http::Request::builder()
        .uri(&url)
        .body(())
        .expect("a request");
    instructions.apply_to_request_http1x(&mut request);
    request.uri().to_string()
}

fn token(who: &Credentials, cluster: &str) -> String {
    presign(
        who,
        "https://sts.eu-west-1.amazonaws.com",
        IDENTITY,
        &[
            ("host", "sts.eu-west-1.amazonaws.com"),
            ("x-k8s-aws-id", cluster),
        ],
    )
}

#[tokio::test]
async fn a_presigned_get_says_who_signed_it_and_ends() {
    let sandbox = conformance_world().await;
    let host = sandbox.url().trim_start_matches("http://").to_owned();
    let url = presign(
        &workloads(&sandbox).await,
        sandbox.url(),
        IDENTITY,
        &[("host", &host)],
    );
    let answer = reqwest::get(&url).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(
        answer
            .text()
            .await
            .expect("text")
            .contains("assumed-role/open/tests")
    );
    let forged = url.replace("GetCallerIdentity", "AssumeRole");
    assert_eq!(
        reqwest::get(&forged).await.expect("an answer").status(),
        403
    );
    sandbox.world().clock().advance(Duration::from_secs(901));
    let late = reqwest::get(&url)
        .await
        .expect("an answer")
        .text()
        .await
        .expect("text");
    assert!(late.contains("RequestExpired"), "{late}");
}

#[tokio::test]
async fn an_eks_token_is_good_for_its_cluster_only() {
    let sandbox = conformance_world().await;
    let who = workloads(&sandbox).await;
    let verify = |url: &str, cluster: &str| {
        sandbox
            .world()
            .verify_presigned_identity(url, &[("x-k8s-aws-id", cluster)])
    };
    let good = token(&who, "shop-dev");
    let identity = verify(&good, "shop-dev").expect("good");
    assert_eq!(identity.role_name.as_deref(), Some("open"));
    assert_eq!(
        identity.arn,
        "arn:aws:sts::200000000002:assumed-role/open/tests"
    );
    assert!(
        good.len() < 3_000,
        "fits into 4,096 bytes as base64: {}",
        good.len()
    );

    let unknown = Credentials::new("ASIAUNKNOWNUNKNOWN00", "x", Some("y".into()), None, "test");
    let host = [("host", "sts.eu-west-1.amazonaws.com")];
    let without_cluster = presign(&who, "https://sts.eu-west-1.amazonaws.com", IDENTITY, &host);
    for (what, url, code) in [
        (
            "another cluster",
            token(&who, "shop-staging"),
            "SignatureDoesNotMatch",
        ),
        ("no cluster", without_cluster, "InvalidToken"),
        (
            "unknown key",
            token(&unknown, "shop-dev"),
            "InvalidClientTokenId",
        ),
        (
            "plain http",
            good.replace("https://", "http://"),
            "InvalidToken",
        ),
        (
            "another host",
            good.replace("sts.eu-west-1", "evil"),
            "InvalidToken",
        ),
        (
            "a look-alike host",
            good.replace("amazonaws.com", "amazonaws.com.evil.example"),
            "InvalidToken",
        ),
        (
            "another region",
            good.replace("sts.eu-west-1", "sts.eu-central-1"),
            "InvalidToken",
        ),
        (
            "a port",
            good.replace("amazonaws.com", "amazonaws.com:8443"),
            "InvalidToken",
        ),
        ("a path", good.replace("/?", "/x?"), "InvalidToken"),
        (
            "another action",
            good.replace("GetCallerIdentity", "AssumeRole"),
            "InvalidToken",
        ),
        ("one more parameter", format!("{good}&x=1"), "InvalidToken"),
        (
            "a doubled parameter",
            format!("{good}&Action=GetCallerIdentity"),
            "InvalidToken",
        ),
        (
            "a long life",
            good.replace("X-Amz-Expires=60", "X-Amz-Expires=901"),
            "InvalidToken",
        ),
        (
            "a changed life",
            good.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
            "SignatureDoesNotMatch",
        ),
        ("no URL", "k8s".to_owned(), "InvalidToken"),
    ] {
        let refused = verify(&url, "shop-dev").expect_err(what);
        assert_eq!(refused.code, code, "{what}: {}", refused.message);
    }
    // Fifteen minutes, whatever X-Amz-Expires says.
    sandbox.world().clock().advance(Duration::from_secs(880));
    verify(&good, "shop-dev").expect("14 minutes old");
    sandbox.world().clock().advance(Duration::from_secs(30));
    assert_eq!(
        verify(&good, "shop-dev").expect_err("old").code,
        "RequestExpired"
    );
}

#[tokio::test]
async fn a_user_s_token_names_the_user() {
    let sandbox: Sandbox = conformance_world().await;
    let identity = sandbox
        .world()
        .verify_presigned_identity(&token(&root(), "c"), &[("x-k8s-aws-id", "c")])
        .expect("good");
    assert_eq!(
        (identity.role_name, identity.arn.as_str()),
        (None, "arn:aws:iam::100000000001:user/root-of-tests")
    );
}
