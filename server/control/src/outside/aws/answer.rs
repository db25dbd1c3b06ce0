//! From an error of the SDK to a [`Failure`] in words.

use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::SdkError},
    http::StatusCode,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use crate::outside::{Failure, FailureKind};

/// What was tried, in words.
#[derive(Debug)]
pub(super) struct Attempted<'a> {
    /// Who, in words: the person and the role, or the portal.
    pub who: &'a str,
    /// The IAM action, such as `eks:DescribeCluster`.
    pub call: &'a str,
    /// The ARN it was tried on.
    pub resource: &'a str,
    pub region: &'a str,
}

impl Attempted<'_> {
    pub(super) fn failure<E>(&self, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let Self {
            who,
            call,
            resource,
            region,
        } = self;
        let make = |kind, words: String| Failure::new(kind, *call, words);
        let no_answer = |why: &str| {
            make(
                FailureKind::NoAnswer,
                format!("{call} in {region}: {why}. AWS may be out of reach from here."),
            )
        };
        let failure = match error {
            SdkError::ConstructionFailure(_) => make(
                FailureKind::Refused,
                format!(
                    "{call} on {resource} could not even be asked: {}.",
                    chain(error)
                ),
            ),
            SdkError::TimeoutError(_) => no_answer("no answer in time"),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                no_answer("no connection in time")
            }
            SdkError::DispatchFailure(failure) if failure.is_user() || failure.is_other() => make(
                FailureKind::NoAnswer,
                format!("{call} in {region} did not get through: {}.", chain(error)),
            ),
            SdkError::DispatchFailure(_) => no_answer("no connection"),
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("no code");
                let said = service.err().message().unwrap_or("nothing more");
                let status = service.raw().status();
                let kind = kind_of(code, status);
                make(
                    kind,
                    match kind {
                        FailureKind::Denied => {
                            format!("{who}, may not call {call} on {resource}. AWS says: {said}")
                        }
                        FailureKind::Busy => format!(
                            "{call} in {region}: AWS is busy or failing there ({code}, {}): {said}",
                            status.as_u16()
                        ),
                        _ => format!("{call} on {resource} was refused ({code}): {said}"),
                    },
                )
            }
            // Also what newer SDKs may add.
            _ => make(
                FailureKind::Unreadable,
                format!("{call} in {region}: an answer that is not AWS's"),
            ),
        };
        let response = error.raw_response();
        let raw = response.and_then(|r| r.body().bytes());
        let failure = failure.with_request_id(response.and_then(RequestId::request_id));
        match raw {
            // What STS answers may hold a session, be it one that cannot be read.
            Some(raw) if !raw.is_empty() && !call.starts_with("sts:") => failure.with_raw(raw),
            _ => failure,
        }
    }
}

/// The causes of an error, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words: Vec<String> = vec![];
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        next = error.source();
    }
    words.join(": ")
}

fn kind_of(code: &str, status: StatusCode) -> FailureKind {
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "UnauthorizedException" => FailureKind::Denied,
        // The next attempt makes a new session.
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded" => FailureKind::Busy,
        code if code.ends_with("NotFoundException") || code == "NoSuchEntity" => {
            FailureKind::Missing
        }
        _ if status.as_u16() >= 500 || status.as_u16() == 429 => FailureKind::Busy,
        _ if status.as_u16() == 403 => FailureKind::Denied,
        _ => FailureKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sts_answered_is_not_kept() {
        let raw = |call: &str| {
            let body = "<SecretAccessKey>a-secret</SecretAccessKey>";
            let status = StatusCode::try_from(200).expect("a status");
            let error: SdkError<
                aws_sdk_sts::operation::assume_role::AssumeRoleError,
                HttpResponse,
            > = SdkError::response_error("cut off", HttpResponse::new(status, body.into()));
            let attempted = Attempted {
                who: "The portal",
                call,
                resource: "a role",
                region: "eu-west-1",
            };
            let failure = attempted.failure(&error);
            (format!("{failure}"), failure.raw)
        };
        let (words, kept) = raw("sts:AssumeRole");
        assert!(kept.is_none() && !words.contains("a-secret"), "{words}");
        assert!(raw("eks:DescribeCluster").1.is_some());
    }

    #[test]
    fn codes_decide_before_status() {
        let status = |n| StatusCode::try_from(n).expect("a status");
        for (code, http, kind) in [
            ("AccessDenied", 403, FailureKind::Denied),
            ("AccessDeniedException", 400, FailureKind::Denied),
            ("ExpiredTokenException", 403, FailureKind::Busy),
            ("ThrottlingException", 400, FailureKind::Busy),
            ("InternalFailure", 500, FailureKind::Busy),
            ("ResourceNotFoundException", 404, FailureKind::Missing),
            ("ValidationError", 400, FailureKind::Refused),
            ("SignatureDoesNotMatch", 403, FailureKind::Denied),
        ] {
            assert_eq!(kind_of(code, status(http)), kind, "{code}");
        }
    }
}
