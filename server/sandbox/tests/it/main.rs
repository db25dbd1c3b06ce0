//! The stand-in world from outside: the vendors' own Rust SDKs against it, broken input, faults and the clock.
mod clock;
mod conformance;
mod faults;
mod hostile;
mod jenkins_access;
mod jenkins_builds;
mod jenkins_deploys;
mod jenkins_queue;
mod jenkins_rig;
mod jenkins_routes;
mod jenkins_trigger;
mod kubernetes_api;
mod kubernetes_client;
mod kubernetes_lifecycle;
mod kubernetes_rig;
mod kubernetes_rollout;
mod kubernetes_watch;
mod presigned;
mod terraform_policies;
mod world_file;

use std::path::Path;

use aws_credential_types::Credentials;
use portolan_sandbox::{Description, Options, Sandbox};

const ROOT: (&str, &str) = (
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
);
const IRELAND: &str = "eu-west-1";
const FRANKFURT: &str = "eu-central-1";

/// The world of the conformance suites.
async fn conformance_world() -> Sandbox {
    // Cargo starts tests in the package's folder. A path fixed while building would be wrong in another checkout.
    let file = Path::new("worlds/conformance.toml");
    let world = Description::read(file).expect("the shipped world is valid");
    Sandbox::start(Options {
        world,
        ..Options::default()
    })
    .await
    .expect("it starts")
}

/// The SDK's shared configuration for one caller in one region, aimed at the sandbox, with `tries` attempts.
async fn sdk(
    sandbox: &Sandbox,
    credentials: Credentials,
    region: &'static str,
    tries: u32,
) -> aws_config::SdkConfig {
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(region))
        .endpoint_url(sandbox.url())
        .credentials_provider(credentials)
        .retry_config(aws_config::retry::RetryConfig::standard().with_max_attempts(tries))
        .load()
        .await
}

fn root() -> Credentials {
    Credentials::new(ROOT.0, ROOT.1, None, None, "test")
}

/// What STS answered, as credentials.
fn session(credentials: &aws_sdk_sts::types::Credentials) -> Credentials {
    Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        Some(credentials.session_token().to_owned()),
        None,
        "test",
    )
}

/// A session of the role that may do everything in the workloads account.
async fn workloads(sandbox: &Sandbox) -> Credentials {
    let sts = aws_sdk_sts::Client::new(&sdk(sandbox, root(), IRELAND, 1).await);
    let made = sts
        .assume_role()
        .role_arn("arn:aws:iam::200000000002:role/open")
        .role_session_name("tests")
        .send()
        .await;
    session(
        made.expect("root may assume it")
            .credentials()
            .expect("credentials"),
    )
}
