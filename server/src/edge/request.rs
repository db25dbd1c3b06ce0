//! The request's id and where it came from; the log line about it; the time it may take.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    panic::AssertUnwindSafe,
    time::Instant,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use control::Actor;
use domain::{Refusal, RefusalCode, RequestId};
use futures::FutureExt as _;
use tracing::Instrument as _;
use uuid::Uuid;

use super::Refused;
use crate::AppState;

/// So many characters of a path are logged.
const LOGGED: usize = 200;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Which request this is and which address it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFacts {
    pub id: RequestId,
    pub ip: Option<String>,
}

impl RequestFacts {
    /// For events of somebody who has not signed in.
    pub fn anonymous(&self) -> Actor {
        Actor::Anonymous {
            request_id: self.id,
            ip: self.ip.clone(),
        }
    }

    /// What limits of strangers are counted by: the address, or of IPv6 the network, of which
    /// whoever has one address has all.
    pub fn address(&self) -> String {
        match self.ip.as_deref().map(str::parse::<IpAddr>) {
            Some(Ok(IpAddr::V6(ip))) if ip.to_ipv4_mapped().is_none() => {
                let network = ip.to_bits() & !u128::from(u64::MAX);
                format!("{}/64", Ipv6Addr::from_bits(network))
            }
            Some(Ok(ip)) => ip.to_canonical().to_string(),
            _ => "unknown".to_owned(),
        }
    }

    fn of(parts: &Parts) -> Self {
        // Only absent where a router is used without its layers.
        parts.extensions.get().cloned().unwrap_or_else(|| Self {
            id: RequestId(Uuid::now_v7()),
            ip: None,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for RequestFacts {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

/// Takes over a caller's own request id where it is a UUID, so that two systems can be read side
/// by side; else makes one. It comes back in the answer.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|v| v.to_str().ok());
    let id = given
        .and_then(|text| Uuid::try_parse(text).ok())
        .filter(|id| !id.is_nil())
        .unwrap_or_else(Uuid::now_v7);
    let facts = RequestFacts {
        id: RequestId(id),
        ip: client_ip(&request, state.proxies()),
    };
    request.extensions_mut().insert(facts);
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The peer; behind `proxies` of ours, the address that the outermost of them saw.
/// What stands further left in `x-forwarded-for` anybody can write.
fn client_ip(request: &Request, proxies: usize) -> Option<String> {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip().to_string());
    if proxies == 0 {
        return peer;
    }
    forwarded(request.headers(), proxies).or(peer)
}

fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<String> {
    let all: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .collect();
    let at = all.len().checked_sub(proxies)?;
    let ip: IpAddr = all[at].parse().ok()?;
    Some(ip.to_string())
}

/// One line for each request. Never the query: it may hold an authorisation code.
pub async fn log(facts: RequestFacts, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (safe, method) = (is_safe(request.method()), known(request.method()));
    let path: String = request.uri().path().chars().take(LOGGED).collect();
    let response = next.run(request).await;
    let (status, ms) = (response.status(), began.elapsed().as_millis());
    let id = facts.id;
    if status.is_server_error() {
        tracing::error!(method, path, status = status.as_u16(), ms, request_id = %id, "request");
    } else if status.is_client_error() || !safe {
        tracing::info!(method, path, status = status.as_u16(), ms, request_id = %id, "request");
    } else {
        tracing::debug!(method, path, status = status.as_u16(), ms, request_id = %id, "request");
    }
    response
}

/// The method by its name, where it is one of HTTP's own.
pub fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Does what changes something in a task of its own: a client that hangs up, or a time that is over, stops neither the deed
/// nor what is written about it. What was sent is read before: who never sends it all is cut off like anybody.
pub async fn to_the_end(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if is_safe(request.method()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let request = match super::body::read(parts.uri.path(), body).await {
        Ok(bytes) => Request::from_parts(parts, Body::from(bytes)),
        Err(refused) => return refused.into_response(),
    };
    let task = state.deeds().spawn(next.run(request).in_current_span());
    match task.await {
        Ok(response) => response,
        // A panic goes on where it would have gone.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Refused::from(control::Error::fault(error)).into_response(),
        },
    }
}

/// Methods that change nothing.
pub fn is_safe(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}

/// A panic of one request is a fault of that request, not the end of the portal.
pub async fn catch_panic(facts: RequestFacts, request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let why = panic
                .downcast_ref::<&str>()
                .map(|s| (*s).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            tracing::error!(request_id = %facts.id, why, "a request panicked");
            Refused::fault().into_response()
        }
    }
}

/// Ends what takes too long. A stream is not ended: its answer has begun by then.
pub async fn time_out(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let limit = state.limits().request_timeout;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refused::new(Refusal::new(
            RefusalCode::Unavailable,
            format!("This took longer than {} s and was given up. Whether it took effect shows in the list; look before you try again.", limit.as_secs()),
        ))
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                "x-forwarded-for",
                HeaderValue::from_str(value).expect("a header"),
            );
        }
        headers
    }

    #[test]
    fn strangers_are_counted_by_address_or_network() {
        let address = |ip: Option<&str>| {
            let (id, ip) = (RequestId(Uuid::nil()), ip.map(str::to_owned));
            RequestFacts { id, ip }.address()
        };
        assert_eq!(address(Some("192.0.2.7")), "192.0.2.7");
        assert_eq!(address(Some("::ffff:192.0.2.7")), "192.0.2.7");
        assert_eq!(address(Some("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
        assert_eq!(address(None), "unknown");
    }

    #[test]
    fn only_what_our_own_proxies_wrote_is_believed() {
        let forged = headers(&["1.1.1.1, 2.2.2.2", "3.3.3.3"]);
        assert_eq!(forwarded(&forged, 1).as_deref(), Some("3.3.3.3"));
        assert_eq!(forwarded(&forged, 2).as_deref(), Some("2.2.2.2"));
        assert_eq!(forwarded(&forged, 4), None);
        assert_eq!(forwarded(&headers(&["<script>"]), 1), None);
        assert_eq!(forwarded(&headers(&[]), 1), None);
    }
}
