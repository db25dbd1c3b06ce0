//! AWS over its wire protocols: one handler that authenticates, decides and dispatches, one module a service.
mod authorize;
mod cbor;
mod cloudwatch;
mod ecr;
mod eks;
mod error;
pub mod iam;
pub mod identity;
mod page;
mod pod_identity;
mod sigv4;
mod state;
mod sts;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State as From;
use axum::http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::edge::target::{self, operation};
use crate::world::World;
use crate::world::journal::Call;
pub use cloudwatch::{Datum, Metrics, Named};
use error::{AwsError, Protocol, answer};
use sigv4::{Message, Refusal, Signed};
use state::Credential;
pub use state::{Image, State};

/// Every operation served, as signing name and operation. The conformance suites must exercise exactly these.
pub const OPERATIONS: &[(&str, &str)] = &[
    ("ecr", "BatchGetImage"),
    ("ecr", "DescribeImages"),
    ("ecr", "DescribeRepositories"),
    ("eks", "DescribeCluster"),
    ("eks", "ListClusters"),
    ("monitoring", "GetMetricData"),
    ("monitoring", "PutMetricData"),
    ("sts", "AssumeRole"),
    ("sts", "GetCallerIdentity"),
];

/// Largest body taken, bytes.
const BODY: usize = 2 * 1024 * 1024;
/// A larger body is read up to here before it is refused: a client that is still sending would miss the answer.
const DRAINED: usize = 64 * 1024 * 1024;

/// One authenticated call.
struct Asked<'a> {
    world: &'a World,
    message: Message<'a>,
    caller: Credential,
    region: String,
    request_id: String,
    presigned: bool,
    /// Filled in by the service, for the journal.
    operation: String,
    detail: Value,
}

/// The routes: every path that is nobody else's.
pub fn router(world: &Arc<World>) -> Router {
    Router::new().fallback(serve).with_state(Arc::clone(world))
}

async fn serve(From(world): From<Arc<World>>, request: Request<Body>) -> Response<Body> {
    if request.uri().path().starts_with("/pod-identity/") {
        return pod_identity::serve(&world, &request);
    }
    let target = target::of(&request, false);
    let name = operation(&request);
    let (parts, body) = request.into_parts();
    let request_id = uuid::Uuid::new_v4().to_string();
    let protocol = Protocol::of(&target.service, &parts.headers);
    let mut call = Call {
        service: target.service,
        region: target.region,
        operation: name,
        request_id: Some(request_id.clone()),
        ..Call::default()
    };
    let answered = match read(body).await {
        Err(error) => Err(error),
        Ok(body) => {
            let message = Message {
                method: &parts.method,
                path: parts.uri.path(),
                query: parts.uri.query().unwrap_or_default(),
                headers: &parts.headers,
                body: &body,
            };
            dispatch(&world, message, protocol, &mut call)
        }
    };
    call.outcome = answered
        .as_ref()
        .map_or_else(|error| error.code.clone(), |_| "ok".to_owned());
    world.record(call);
    match answered {
        Ok(body) => answer(protocol, &request_id, body),
        Err(error) => error.into_response(protocol, &request_id),
    }
}

fn dispatch(
    world: &World,
    message: Message<'_>,
    protocol: Protocol,
    call: &mut Call,
) -> Result<Vec<u8>, AwsError> {
    let refuse = |refusal: Refusal| refusal.into_error(protocol);
    let signed = Signed::read(message.headers, message.query).map_err(refuse)?;
    call.access_key_id = Some(signed.access_key_id.clone());
    // Named before anything is checked: the journal shall tell which call was refused.
    let named = match signed.service.as_str() {
        "sts" => sts::operation(&message),
        "eks" => eks::operation(&message).map(str::to_owned),
        "monitoring" => cloudwatch::operation(&message),
        _ => None,
    };
    call.operation = named.unwrap_or(std::mem::take(&mut call.operation));
    let serve: fn(&mut Asked<'_>) -> Result<Vec<u8>, AwsError> = match signed.service.as_str() {
        "sts" => |asked| sts::serve(asked).map(String::into_bytes),
        "eks" => |asked| eks::serve(asked).map(String::into_bytes),
        "ecr" => |asked| ecr::serve(asked).map(String::into_bytes),
        "monitoring" => cloudwatch::serve,
        other => return Err(AwsError::not_served(format_args!("the service {other:?}"))),
    };
    if !world.description().regions.contains(&signed.region) {
        let message = format!(
            "Credential should be scoped to a valid region, not '{}'.",
            signed.region
        );
        return Err(refuse(Refusal::Mismatch(message)));
    }
    let caller = authorize::authenticate(world, &signed, &message).map_err(refuse)?;
    call.caller = Some(caller.identity.arn.clone());
    call.session_name.clone_from(&caller.identity.session_name);
    call.source_identity
        .clone_from(&caller.identity.source_identity);
    let mut asked = Asked {
        world,
        message,
        caller,
        region: signed.region.clone(),
        request_id: call.request_id.clone().unwrap_or_default(),
        presigned: signed.expires_s.is_some(),
        operation: String::new(),
        detail: Value::Null,
    };
    let answered = serve(&mut asked);
    if !asked.operation.is_empty() {
        call.operation = asked.operation;
    }
    call.detail = asked.detail;
    answered
}

async fn read(mut body: Body) -> Result<Vec<u8>, AwsError> {
    let (mut bytes, mut total) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            AwsError::new(
                400,
                "MalformedInput",
                format!("The body broke off: {error}"),
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        total += data.len();
        if total > DRAINED {
            break;
        }
        if total <= BODY {
            bytes.extend_from_slice(&data);
        }
    }
    if total > BODY {
        return Err(AwsError::new(
            413,
            "RequestEntityTooLarge",
            format!("The body is larger than {BODY} bytes."),
        ));
    }
    Ok(bytes)
}

/// The answer of a service that fails or throttles on purpose.
pub(crate) fn faulted(service: &str, headers: &HeaderMap, throttled: bool) -> Response<Body> {
    let protocol = Protocol::of(service, headers);
    let error = match (throttled, protocol) {
        (true, Protocol::Query) => AwsError::new(400, "Throttling", "Rate exceeded"),
        (true, Protocol::Json11 | Protocol::Json10 | Protocol::Cbor) => {
            AwsError::new(400, "ThrottlingException", "Rate exceeded")
        }
        (true, Protocol::RestJson) => AwsError::new(429, "ThrottlingException", "Rate exceeded"),
        (false, Protocol::Query) => AwsError::new(500, "InternalFailure", INTERNAL),
        (false, _) => AwsError::new(500, "ServerException", INTERNAL),
    };
    error.into_response(protocol, &uuid::Uuid::new_v4().to_string())
}

const INTERNAL: &str =
    "The request processing has failed because of an unknown error, exception or failure.";
