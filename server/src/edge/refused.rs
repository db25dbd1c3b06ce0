//! The one way to say no. Whatever refuses, be it a layer or a handler, answers with [`Refused`];
//! [`render`] gives it its form: problem+json under `/api`, a page elsewhere.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use control::limits::Limited;
use domain::{Refusal, RefusalCode};

use super::{Nonce, RequestFacts};
use crate::{api::problem, pages};

/// A refusal on its way out.
#[derive(Clone, Debug)]
pub struct Refused {
    pub refusal: Refusal,
    pub retry_after: Option<Duration>,
    /// One of our own pages sent it, but before somebody signed in anew: for people, its form is out of date.
    pub out_of_date: bool,
    /// What really went wrong; for the log only.
    fault: Option<String>,
}

impl Refused {
    pub fn new(refusal: Refusal) -> Self {
        Self {
            refusal,
            retry_after: None,
            out_of_date: false,
            fault: None,
        }
    }

    pub fn code(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self::new(Refusal::new(code, detail))
    }

    /// Something of ours broke, and the log already says what.
    pub fn fault() -> Self {
        let error = control::Error::fault(anyhow::anyhow!("a fault"));
        Self::new(error.refusal())
    }

    pub fn not_signed_in() -> Self {
        Self::code(
            RefusalCode::NotSignedIn,
            "Sign in, or send an API token as 'Authorization: Bearer ptl_…'.",
        )
    }

    #[must_use]
    pub fn out_of_date(mut self) -> Self {
        self.out_of_date = true;
        self
    }

    /// Whether something of ours broke: then as little as possible is asked for to tell it.
    pub fn is_fault(&self) -> bool {
        self.fault.is_some()
    }

    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl From<control::Error> for Refused {
    fn from(error: control::Error) -> Self {
        let refusal = error.refusal();
        match error {
            control::Error::Refused(_) => Self::new(refusal),
            control::Error::Fault(fault) => Self {
                refusal,
                retry_after: Some(Duration::from_secs(5)),
                out_of_date: false,
                fault: Some(fault.to_string()),
            },
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal)
    }
}

impl From<Limited> for Refused {
    fn from(limited: Limited) -> Self {
        Self::new(limited.refusal).retry_after(limited.retry_after)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.refusal.code.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(
                header::RETRY_AFTER,
                HeaderValue::from(after.as_secs().max(1)),
            );
        }
        if self.refusal.code == RefusalCode::NotSignedIn {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Whether a program asks here, not a person.
pub fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Gives every [`Refused`] that comes by its body.
pub async fn render(facts: RequestFacts, request: Request, next: Next) -> Response {
    let api = is_api(request.uri().path());
    let nonce = request
        .extensions()
        .get::<Nonce>()
        .cloned()
        .unwrap_or_default();
    let head = request.method() == Method::HEAD;
    let here = request
        .uri()
        .path_and_query()
        .filter(|_| request.method() == Method::GET)
        .map(|p| p.as_str().to_owned());
    let mut response = next.run(request).await;
    let Some(refused) = response.extensions_mut().remove::<Refused>() else {
        return response;
    };
    if let Some(fault) = &refused.fault {
        tracing::error!(request_id = %facts.id, fault, "a fault");
    }
    let mut rendered = if api {
        problem::response(&refused.refusal, facts.id)
    } else if let (RefusalCode::NotSignedIn, Some(here)) = (refused.refusal.code, here) {
        let to = format!(
            "/auth/login?return_to={}",
            percent_encoding::utf8_percent_encode(&here, percent_encoding::NON_ALPHANUMERIC)
        );
        Redirect::to(&to).into_response()
    } else {
        let told = response.extensions_mut().remove::<pages::Told>();
        pages::refused(&refused.refusal, told, facts.id, &nonce)
    };
    if head {
        *rendered.body_mut() = axum::body::Body::empty();
    }
    // What the refusing side said in headers (Retry-After, Allow, WWW-Authenticate, cookies) stays.
    let kept = response
        .headers()
        .iter()
        .filter(|(name, _)| !matches!(**name, header::CONTENT_TYPE | header::CONTENT_LENGTH));
    for (name, value) in kept {
        rendered.headers_mut().append(name, value.clone());
    }
    rendered
}
