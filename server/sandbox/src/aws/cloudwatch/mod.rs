//! CloudWatch: `GetMetricData` and `PutMetricData`, as `rpc-v2-cbor` (the Rust SDK) and as JSON 1.0 (boto3).
mod input;
mod metrics;

use axum::http::{HeaderMap, Method};
use serde_json::{Map, Value};

pub use metrics::{Datum, Metrics, Named};

use super::Asked;
use super::authorize::authorize;
use super::cbor;
use super::error::{AwsError, Protocol};
use super::sigv4::Message;

const PATH: &str = "/service/GraniteServiceVersion20100801/operation/";
const TARGET: &str = "GraniteServiceVersion20100801.";

/// The protocol that a request speaks.
pub(crate) fn protocol(headers: &HeaderMap) -> Protocol {
    if headers
        .get("smithy-protocol")
        .is_some_and(|p| p == "rpc-v2-cbor")
    {
        Protocol::Cbor
    } else if headers.contains_key("x-amz-target") {
        Protocol::Json10
    } else {
        Protocol::Query
    }
}

/// The operation that a request names.
pub(crate) fn operation(message: &Message<'_>) -> Option<String> {
    let named = match protocol(message.headers) {
        Protocol::Cbor => message.path.strip_prefix(PATH)?,
        Protocol::Json10 => {
            let target = message.headers.get("x-amz-target")?.to_str().ok()?;
            target.strip_prefix(TARGET)?
        }
        _ => return None,
    };
    Some(named.chars().take(64).collect())
}

pub(crate) fn serve(asked: &mut Asked<'_>) -> Result<Vec<u8>, AwsError> {
    let protocol = protocol(asked.message.headers);
    let named = operation(&asked.message).filter(|_| asked.message.method == Method::POST);
    let unknown = || {
        AwsError::not_served(format_args!(
            "monitoring: {} {}",
            asked.message.method, asked.message.path
        ))
    };
    let handler: Handler = match named.as_deref() {
        Some("GetMetricData") => get,
        Some("PutMetricData") => put,
        _ => return Err(unknown()),
    };
    asked.operation = named.unwrap_or_default();
    if asked.message.headers.contains_key("content-encoding") {
        return Err(AwsError::not_served("monitoring: a compressed body"));
    }
    let body = asked.message.body;
    let read = match protocol {
        Protocol::Cbor => cbor::read(body),
        _ => serde_json::from_slice(body).ok(),
    };
    let Some(Value::Object(input)) = read else {
        return Err(AwsError::new(
            400,
            "SerializationException",
            "The body is not an object.",
        ));
    };
    asked.detail = Value::Object(input.clone());
    let answer = handler(asked, protocol, &input)?;
    Ok(match protocol {
        Protocol::Cbor => cbor::write(&answer),
        _ => answer.to_string().into_bytes(),
    })
}

type Handler = fn(&Asked<'_>, Protocol, &Map<String, Value>) -> Result<Value, AwsError>;

fn get(
    asked: &Asked<'_>,
    protocol: Protocol,
    input: &Map<String, Value>,
) -> Result<Value, AwsError> {
    let (world, caller) = (asked.world, &asked.caller);
    let state = world.lock();
    let call = ("cloudwatch:GetMetricData", "*");
    authorize(
        &state.aws,
        caller,
        protocol,
        call,
        &asked.region,
        world.now(),
    )?;
    let query = input::Get::read(input, world.now())?;
    let place = (caller.identity.account.clone(), asked.region.clone());
    query.answer(&state.aws.metrics, &place)
}

fn put(
    asked: &Asked<'_>,
    protocol: Protocol,
    input: &Map<String, Value>,
) -> Result<Value, AwsError> {
    let (world, caller) = (asked.world, &asked.caller);
    let mut state = world.lock();
    let call = ("cloudwatch:PutMetricData", "*");
    authorize(
        &state.aws,
        caller,
        protocol,
        call,
        &asked.region,
        world.now(),
    )?;
    let data = input::put(input, world.now())?;
    for (named, datum) in data {
        let place = (caller.identity.account.clone(), asked.region.clone());
        state.aws.metrics.put(place, named, datum);
    }
    Ok(Value::Object(Map::new()))
}
