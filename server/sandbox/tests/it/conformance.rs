//! Every operation served, right and wrong, by the Rust SDKs; the last check fails when one of them is not exercised.
mod cloudwatch;
mod ecr;
mod eks;

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_sdk_sts::types::Tag;
use portolan_sandbox::Sandbox;
use portolan_sandbox::aws::OPERATIONS;

use super::{FRANKFURT, IRELAND, conformance_world, root, sdk, session, workloads};

const OPEN: &str = "arn:aws:iam::200000000002:role/open";
const STRICT: &str = "arn:aws:iam::200000000002:role/strict";

async fn sts(sandbox: &Sandbox, credentials: Credentials) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(&sdk(sandbox, credentials, IRELAND, 1).await)
}

fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, E>,
) -> (String, String) {
    let error = result.expect_err("must be refused");
    (
        error.code().unwrap_or("none").to_owned(),
        error.message().unwrap_or_default().to_owned(),
    )
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().expect("a tag")
}

#[expect(deprecated, reason = "older clients read it, so it is answered")]
fn packed(made: &aws_sdk_sts::operation::assume_role::AssumeRoleOutput) -> Option<i32> {
    made.packed_policy_size()
}

#[tokio::test]
async fn every_operation_answers_right_and_wrong() {
    let sandbox = conformance_world().await;
    caller_identity(&sandbox).await;
    assume_role(&sandbox).await;
    Box::pin(limits_of_assume_role(&sandbox)).await;
    chaining(&sandbox).await;
    eks::eks(&sandbox).await;
    ecr::ecr(&sandbox).await;
    cloudwatch::cloudwatch(&sandbox).await;

    let outcomes = |good: bool| -> BTreeSet<(String, String)> {
        let calls = sandbox.world().calls(0).into_iter();
        calls
            .filter(|call| (call.outcome == "ok") == good)
            .map(|call| (call.service, call.operation))
            .collect()
    };
    let served: BTreeSet<_> = OPERATIONS
        .iter()
        .map(|(service, operation)| ((*service).to_owned(), (*operation).to_owned()))
        .collect();
    assert_eq!(outcomes(true), served, "exercised with success = served");
    let refused = outcomes(false);
    let never_refused: Vec<_> = served.difference(&refused).collect();
    assert!(
        never_refused.is_empty(),
        "never exercised with a refusal: {never_refused:?}"
    );
}

async fn caller_identity(sandbox: &Sandbox) {
    let me = sts(sandbox, root())
        .await
        .get_caller_identity()
        .send()
        .await
        .expect("it is me");
    assert_eq!(
        me.arn(),
        Some("arn:aws:iam::100000000001:user/root-of-tests")
    );
    assert_eq!(me.account(), Some("100000000001"));
    assert!(me.user_id().is_some_and(|id| id.starts_with("AIDA")));

    let wrong_secret = Credentials::new(super::ROOT.0, "wrong", None, None, "test");
    assert_eq!(
        code(
            sts(sandbox, wrong_secret)
                .await
                .get_caller_identity()
                .send()
                .await
        )
        .0,
        "SignatureDoesNotMatch"
    );
    let unknown = Credentials::new("AKIAUNKNOWNUNKNOWN00", "wrong", None, None, "test");
    assert_eq!(
        code(
            sts(sandbox, unknown)
                .await
                .get_caller_identity()
                .send()
                .await
        )
        .0,
        "InvalidClientTokenId"
    );
    let mut without_token = workloads(sandbox).await;
    without_token = Credentials::new(
        without_token.access_key_id(),
        without_token.secret_access_key(),
        None,
        None,
        "test",
    );
    assert_eq!(
        code(
            sts(sandbox, without_token)
                .await
                .get_caller_identity()
                .send()
                .await
        )
        .0,
        "InvalidClientTokenId"
    );
}

async fn assume_role(sandbox: &Sandbox) {
    let sts_client = sts(sandbox, root()).await;
    let strict = || {
        sts_client
            .assume_role()
            .role_arn(STRICT)
            .role_session_name("step-1")
            .duration_seconds(900)
            .external_id("portolan-200000000002")
            .source_identity("developer")
            .tags(tag("portolan:environment", "dev"))
    };
    let made = strict().send().await.expect("all conditions met");
    assert_eq!(made.source_identity(), Some("developer"));
    assert_eq!(packed(&made), Some(3));
    assert!(
        made.session_token_utilization()
            .is_some_and(|percent| (1..=100).contains(&percent))
    );
    assert_eq!(
        made.session_token_size(),
        i32::try_from(
            made.credentials()
                .expect("credentials")
                .session_token()
                .len()
        )
        .ok()
    );
    let user = made.assumed_role_user().expect("who");
    assert_eq!(
        user.arn(),
        "arn:aws:sts::200000000002:assumed-role/strict/step-1"
    );
    assert!(user.assumed_role_id().ends_with(":step-1"));
    let credentials = made.credentials().expect("credentials");
    let left = credentials.expiration().secs() - sandbox.world().now().as_second();
    assert!((890..=900).contains(&left), "{left} s left");

    let me = sts(sandbox, session(credentials))
        .await
        .get_caller_identity()
        .send()
        .await
        .expect("the session works");
    assert_eq!(
        me.arn(),
        Some("arn:aws:sts::200000000002:assumed-role/strict/step-1")
    );

    let plainly = "User: arn:aws:iam::100000000001:user/root-of-tests is not authorized to perform: sts:AssumeRole on resource: ";
    for (what, request) in [
        ("no external id", strict().set_external_id(None)),
        (
            "another external id",
            strict().external_id("portolan-100000000001"),
        ),
        ("no source identity", strict().set_source_identity(None)),
        ("no tags", strict().set_tags(None)),
        (
            "an empty tag",
            strict().set_tags(Some(vec![tag("portolan:environment", "")])),
        ),
    ] {
        assert_eq!(
            code(request.send().await),
            ("AccessDenied".into(), format!("{plainly}{STRICT}")),
            "{what}"
        );
    }
    let nobody = "arn:aws:iam::200000000002:role/nobody";
    let refused = sts_client
        .assume_role()
        .role_arn(nobody)
        .role_session_name("step-1")
        .send()
        .await;
    assert_eq!(
        code(refused),
        ("AccessDenied".into(), format!("{plainly}{nobody}")),
        "an unknown role looks like one that does not trust us"
    );
    let forbidden = "arn:aws:iam::200000000002:role/forbidden";
    let refused = sts_client
        .assume_role()
        .role_arn(forbidden)
        .role_session_name("step-1")
        .send()
        .await;
    assert_eq!(
        code(refused).1,
        format!("{plainly}{forbidden} with an explicit deny in an identity-based policy")
    );
    let plain = "arn:aws:iam::200000000002:role/plain";
    let refused = sts_client
        .assume_role()
        .role_arn(plain)
        .role_session_name("step-1")
        .tags(tag("a", "b"))
        .send()
        .await;
    assert!(
        code(refused)
            .1
            .contains("perform: sts:TagSession on resource")
    );
    let refused = sts_client
        .assume_role()
        .role_arn(plain)
        .role_session_name("step-1")
        .source_identity("developer")
        .send()
        .await;
    assert!(
        code(refused)
            .1
            .contains("perform: sts:SetSourceIdentity on resource")
    );
}

async fn limits_of_assume_role(sandbox: &Sandbox) {
    let sts_client = sts(sandbox, root()).await;
    let open = || {
        sts_client
            .assume_role()
            .role_arn(OPEN)
            .role_session_name("step-1")
    };
    let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"eks:DescribeCluster","Resource":"*"}]}"#;
    let padded =
        |length: usize| allow.replacen('{', &format!("{{{}", " ".repeat(length - allow.len())), 1);
    let many_tags = (0..51).map(|n| tag(&format!("k{n}"), "v")).collect();
    let fat_tags = (0..40)
        .map(|n| tag(&format!("{n}{}", "k".repeat(100)), "v"))
        .collect();
    for (request, want) in vec![
        (open().role_session_name("a"), "ValidationError"),
        (open().role_session_name("a b"), "ValidationError"),
        (open().role_session_name("é".repeat(5)), "ValidationError"),
        (open().role_session_name("x".repeat(65)), "ValidationError"),
        (open().source_identity("x"), "ValidationError"),
        (open().external_id("x"), "ValidationError"),
        (open().role_arn("arn:aws:iam::2:role/x"), "ValidationError"),
        (
            open().role_arn("arn:aws:iam::200000000002:user/someone"),
            "ValidationError",
        ),
        (open().duration_seconds(899), "ValidationError"),
        (open().duration_seconds(43_201), "ValidationError"),
        (open().policy(padded(2049)), "ValidationError"),
        (open().policy("{"), "MalformedPolicyDocument"),
        (
            open().policy(allow.replace("eks:", "")),
            "MalformedPolicyDocument",
        ),
        (open().set_tags(Some(many_tags)), "ValidationError"),
        (open().set_tags(Some(fat_tags)), "PackedPolicyTooLarge"),
        (
            open().tags(tag("Team", "a")).tags(tag("team", "b")),
            "InvalidParameterValue",
        ),
        (open().tags(tag("aws:team", "a")), "InvalidParameterValue"),
        (open().tags(tag("", "a")), "ValidationError"),
        (open().tags(tag("team", "<a>")), "ValidationError"),
        (
            open().tags(tag("team", &"a".repeat(257))),
            "ValidationError",
        ),
        (open().transitive_tag_keys("team"), "InvalidParameterValue"),
        (
            open().serial_number("arn:aws:iam::100000000001:mfa/x"),
            "NotImplemented",
        ),
    ] {
        let asked = format!("{:?}", request.as_input());
        assert_eq!(code(request.send().await).0, want, "{asked}");
    }
    let longest = open()
        .duration_seconds(43_200)
        .policy(padded(2048))
        .tags(tag("é ß", "ü"))
        .send()
        .await
        .expect("at the limits");
    assert!(packed(&longest).is_some_and(|size| size > 0));
}

async fn chaining(sandbox: &Sandbox) {
    let first = sts(sandbox, root()).await;
    let first = first
        .assume_role()
        .role_arn("arn:aws:iam::100000000001:role/open")
        .role_session_name("first");
    let first = first
        .source_identity("developer")
        .tags(tag("team", "checkout"))
        .transitive_tag_keys("team")
        .send()
        .await
        .expect("first");
    let second = sts(sandbox, session(first.credentials().expect("credentials"))).await;
    let open = || {
        second
            .assume_role()
            .role_arn(OPEN)
            .role_session_name("second")
    };

    let (refused, message) = code(open().duration_seconds(3601).send().await);
    assert_eq!(refused, "ValidationError");
    assert!(message.contains("role chaining"), "{message}");
    let (refused, message) = code(open().source_identity("manager").send().await);
    assert_eq!(refused, "AccessDenied");
    assert!(
        message.contains("source identity of a session cannot be changed"),
        "{message}"
    );
    assert_eq!(
        code(open().tags(tag("TEAM", "catalog")).send().await).0,
        "InvalidParameterValue"
    );
    let plain = second
        .assume_role()
        .role_arn("arn:aws:iam::200000000002:role/plain")
        .role_session_name("second");
    assert_eq!(
        code(plain.send().await).0,
        "AccessDenied",
        "a role that lets nobody set them cannot inherit tags or source identity"
    );

    let made = open().duration_seconds(3600).send().await.expect("chained");
    assert_eq!(
        made.source_identity(),
        Some("developer"),
        "it survives chaining"
    );
    let key = made
        .credentials()
        .expect("credentials")
        .access_key_id()
        .to_owned();
    let identity = sandbox.world().identity_of_key(&key).expect("known");
    assert_eq!(
        identity.tags.get("team").map(String::as_str),
        Some("checkout"),
        "a transitive tag does too"
    );
}

#[tokio::test]
async fn what_is_not_served_says_so_by_name() {
    let sandbox = conformance_world().await;
    let config = sdk(&sandbox, root(), IRELAND, 1).await;
    for (refused, names) in [
        (
            code(
                aws_sdk_sts::Client::new(&config)
                    .get_session_token()
                    .send()
                    .await,
            ),
            "sts:GetSessionToken",
        ),
        (
            code(
                aws_sdk_eks::Client::new(&config)
                    .list_nodegroups()
                    .cluster_name("shop-dev")
                    .send()
                    .await,
            ),
            "/clusters/shop-dev/node-groups",
        ),
        (
            code(
                aws_sdk_ecr::Client::new(&config)
                    .get_authorization_token()
                    .send()
                    .await,
            ),
            "GetAuthorizationToken",
        ),
    ] {
        assert_eq!(refused.0, "NotImplemented");
        assert!(refused.1.contains(names), "{} names {names}", refused.1);
    }
}

#[tokio::test]
async fn the_shop_keeps_to_its_rights() {
    let sandbox = Sandbox::start(portolan_sandbox::Options::default())
        .await
        .expect("it starts");
    let pod = reqwest::Client::new().get(format!("{}/pod-identity/v1/credentials", sandbox.url()));
    let refused = pod
        .try_clone()
        .expect("no body")
        .header("authorization", "wrong")
        .send()
        .await
        .expect("an answer");
    assert_eq!(refused.status(), 401);
    let pod = pod
        .header("authorization", "pod-identity-token-portolan")
        .send()
        .await
        .expect("an answer");
    let pod: serde_json::Value = pod.json().await.expect("JSON");
    let text = |name: &str| pod[name].as_str().expect(name).to_owned();
    let portal = Credentials::new(
        text("AccessKeyId"),
        text("SecretAccessKey"),
        Some(text("Token")),
        None,
        "test",
    );

    // The portal itself may do nothing but become a job role.
    let eks = aws_sdk_eks::Client::new(&sdk(&sandbox, portal.clone(), IRELAND, 1).await);
    let (refused, message) = code(eks.describe_cluster().name("shop-dev").send().await);
    assert_eq!(refused, "AccessDeniedException");
    assert!(
        message.ends_with("because no identity-based policy allows the eks:DescribeCluster action"),
        "{message}"
    );

    let sts_client = sts(&sandbox, portal).await;
    for (role, may_describe_images) in [
        ("developer", true),
        ("operator", true),
        ("administrator", true),
        ("manager", false),
        ("auditor", false),
    ] {
        let made = sts_client
            .assume_role()
            .role_arn(format!(
                "arn:aws:iam::200000000002:role/portolan-job-{role}"
            ))
            .role_session_name("step-1")
            .duration_seconds(900)
            .external_id("portolan-200000000002")
            .source_identity(role)
            .tags(tag("portolan:environment", "dev"))
            .send()
            .await;
        let config = sdk(
            &sandbox,
            session(made.expect(role).credentials().expect("credentials")),
            IRELAND,
            1,
        )
        .await;
        aws_sdk_eks::Client::new(&config)
            .describe_cluster()
            .name("shop-dev")
            .send()
            .await
            .expect(role);
        let images = aws_sdk_ecr::Client::new(&config)
            .describe_images()
            .repository_name("shop/cart")
            .send()
            .await;
        assert_eq!(images.is_ok(), may_describe_images, "{role}");
    }
    let log = sandbox.world().calls(0);
    let denied = log
        .iter()
        .find(|call| call.outcome == "AccessDeniedException" && call.operation == "DescribeImages")
        .expect("in the journal");
    assert_eq!(denied.source_identity.as_deref(), Some("manager"));
    assert_eq!(denied.session_name.as_deref(), Some("step-1"));
    assert!(
        !serde_json::to_string(&log)
            .expect("JSON")
            .contains(&text("SecretAccessKey")),
        "no secret in the journal"
    );
}
