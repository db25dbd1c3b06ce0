//! Errors in the shape of each wire protocol. A client that parses AWS's errors must not notice a difference.
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::json;

/// The wire protocols of the services served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Form in, XML out (STS).
    Query,
    /// `X-Amz-Target` and JSON (ECR).
    Json11,
    /// The same, in the newer form (CloudWatch, by boto3).
    Json10,
    /// `smithy-protocol: rpc-v2-cbor` (CloudWatch, by the Rust SDK).
    Cbor,
    /// Paths and JSON (EKS).
    RestJson,
}

impl Protocol {
    /// Of a signing name; a service that is not served gets the shape that the request itself is in.
    pub(crate) fn of(service: &str, headers: &HeaderMap) -> Self {
        let form = || {
            headers.get(CONTENT_TYPE).is_some_and(|kind| {
                kind.as_bytes()
                    .starts_with(b"application/x-www-form-urlencoded")
            })
        };
        match service {
            "sts" | "aws" => Self::Query,
            "ecr" => Self::Json11,
            "eks" => Self::RestJson,
            "monitoring" => super::cloudwatch::protocol(headers),
            _ if headers.contains_key("x-amz-target") => Self::Json11,
            _ if form() => Self::Query,
            _ => Self::RestJson,
        }
    }
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) code: String,
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl AwsError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            status,
            message: message.into(),
        }
    }

    /// What the sandbox does not serve says so, whatever AWS would answer: a gap must not pass for a refusal.
    pub(crate) fn not_served(what: impl std::fmt::Display) -> Self {
        Self::new(
            501,
            "NotImplemented",
            format!("the sandbox does not serve {what}"),
        )
    }

    /// A denial, named and numbered as the protocol does.
    pub(crate) fn access_denied(protocol: Protocol, message: impl Into<String>) -> Self {
        match protocol {
            // CloudWatch spoke the query protocol before, and its errors keep those names.
            Protocol::Query | Protocol::Json10 | Protocol::Cbor => {
                Self::new(403, "AccessDenied", message)
            }
            Protocol::Json11 => Self::new(400, "AccessDeniedException", message),
            Protocol::RestJson => Self::new(403, "AccessDeniedException", message),
        }
    }

    pub(crate) fn into_response(self, protocol: Protocol, request_id: &str) -> Response<Body> {
        let kind = if self.status < 500 {
            "Sender"
        } else {
            "Receiver"
        };
        let body = match protocol {
            Protocol::Query => format!(
                "<ErrorResponse xmlns=\"{}\">\n  <Error>\n    <Type>{kind}</Type>\n    <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n",
                super::sts::NAMESPACE,
                escape(&self.code),
                escape(&self.message)
            )
            .into_bytes(),
            Protocol::Json11 | Protocol::Json10 => {
                let body = json!({ "__type": self.code, "message": self.message });
                body.to_string().into_bytes()
            }
            Protocol::Cbor => {
                super::cbor::write(&json!({ "__type": self.code, "message": self.message }))
            }
            Protocol::RestJson => json!({ "message": self.message }).to_string().into_bytes(),
        };
        let mut response = answer(protocol, request_id, body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if matches!(protocol, Protocol::Json10 | Protocol::Cbor)
            && let Ok(code) = HeaderValue::from_str(&format!("{};{kind}", self.code))
        {
            response.headers_mut().insert("x-amzn-query-error", code);
        } else if protocol != Protocol::Query
            && let Ok(code) = HeaderValue::from_str(&self.code)
        {
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        response
    }
}

/// A good answer.
pub(crate) fn answer(protocol: Protocol, request_id: &str, body: Vec<u8>) -> Response<Body> {
    let content_type = match protocol {
        Protocol::Query => "text/xml",
        Protocol::Json11 => "application/x-amz-json-1.1",
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Cbor => "application/cbor",
        Protocol::RestJson => "application/json",
    };
    let mut response = Response::new(Body::from(body));
    if protocol == Protocol::Cbor {
        let spoken = HeaderValue::from_static("rpc-v2-cbor");
        response.headers_mut().insert("smithy-protocol", spoken);
    }
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// Text inside XML; characters that XML 1.0 cannot hold become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
