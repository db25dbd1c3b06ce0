//! The EKS Pod Identity agent: hands the portal's role to whoever holds the pod's token, as `GET /pod-identity/v1/credentials`.
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, Request, Response};
use serde_json::json;

use super::state::NewSession;
use crate::edge::target::plain;
use crate::world::World;
use crate::world::journal::Call;

/// Answers like the agent; errors are plain text, as its are.
pub(crate) fn serve(world: &World, request: &Request<Body>) -> Response<Body> {
    let mut call = Call {
        service: "pod-identity".into(),
        operation: "GetCredentials".into(),
        ..Call::default()
    };
    let (status, body) = match credentials(world, request, &mut call) {
        Ok(body) => (200, body),
        Err((status, message)) => {
            message.clone_into(&mut call.outcome);
            (status, message.to_owned())
        }
    };
    if status == 200 {
        "ok".clone_into(&mut call.outcome);
    }
    world.record(call);
    plain(
        status,
        if status == 200 {
            "application/json"
        } else {
            "text/plain"
        },
        body,
    )
}

fn credentials(
    world: &World,
    request: &Request<Body>,
    call: &mut Call,
) -> Result<String, (u16, &'static str)> {
    if request.uri().path() != "/pod-identity/v1/credentials" {
        return Err((404, "404 page not found"));
    }
    if request.method() != Method::GET {
        return Err((405, "method not allowed"));
    }
    let mut tokens = request.headers().get_all(AUTHORIZATION).iter();
    let token = tokens
        .next()
        .ok_or((400, "Service account token cannot be empty"))?;
    let pod = world
        .description()
        .pod_identity
        .as_ref()
        .ok_or((404, "No pod identity association in this world"))?;
    if token.as_bytes() != pod.token.as_bytes() || tokens.next().is_some() {
        return Err((
            401,
            "[AccessDeniedException]: Unauthorized Exception! EKS does not have permissions to assume the associated role.",
        ));
    }
    let session = NewSession {
        // The agent names its sessions after cluster, pod and a random id.
        name: format!("eks-platform-portolan-{}", uuid::Uuid::new_v4()),
        seconds: pod.session_s,
        ..NewSession::default()
    };
    let made = world
        .lock()
        .aws
        .issue(&pod.role_arn, session, world.now())
        .ok_or((500, "the associated role does not exist"))?;
    let identity = made.identity;
    call.caller = Some(identity.arn);
    call.session_name = identity.session_name;
    call.access_key_id = Some(identity.access_key_id.clone());
    Ok(json!({
        "AccessKeyId": identity.access_key_id,
        "SecretAccessKey": made.secret,
        "Token": made.token,
        "AccountId": identity.account,
        "Expiration": identity.expires.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    })
    .to_string())
}
