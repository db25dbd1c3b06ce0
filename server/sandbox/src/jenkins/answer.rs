//! What Jenkins answers: JSON, text, redirects, and the HTML pages that stand for every error.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::access::Permission;
use crate::edge::conn::Cut;

/// The version this Jenkins says it is.
pub(crate) const VERSION: &str = "2.528.1";

/// An answer before it becomes HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
    /// The body breaks off half way although the header announced all of it.
    pub half: bool,
    /// How the connection ends instead of an answer.
    pub cut: Option<Cut>,
}

impl Answer {
    fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            half: false,
            cut: None,
        }
        .with(CONTENT_TYPE, content_type)
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// 200 with JSON.
    pub(crate) fn json(value: &Value) -> Self {
        Self::new(200, "application/json;charset=utf-8", value.to_string())
    }

    /// 200 with plain text.
    pub(crate) fn text(body: Vec<u8>) -> Self {
        Self::new(200, "text/plain;charset=UTF-8", body)
    }

    /// 200 with any body.
    pub(crate) fn body(content_type: &str, body: Vec<u8>) -> Self {
        Self::new(200, content_type, body)
    }

    /// A status without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            half: false,
            cut: None,
        }
    }

    /// A redirection.
    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::empty(status).with(LOCATION, to)
    }

    /// An HTML page.
    pub(crate) fn page(status: u16, title: &str, text: &str) -> Self {
        let (title, text) = (escape(title), escape(text));
        let body = format!(
            "<!DOCTYPE html><html><head resURL=\"/jenkins/static/1\"><title>{title} [Jenkins]</title></head>\
             <body id=\"jenkins\" class=\"yui-skin-sam two-column jenkins-{VERSION}\"><div id=\"main-panel\">\
             <h1>{title}</h1><p>{text}</p></div><footer>Jenkins {VERSION}</footer></body></html>"
        );
        Self::new(status, "text/html;charset=utf-8", body)
    }

    /// 401.
    pub(crate) fn bad_credentials() -> Self {
        Self::page(401, "Unauthorized", "Invalid username or password")
            .with(WWW_AUTHENTICATE, "Basic realm=\"Jenkins\"")
    }

    /// 403 with who was recognised and which permission is missing.
    pub(crate) fn forbidden(user: &str, permission: Permission) -> Self {
        let text = if user == "anonymous" {
            "Authentication required".to_owned()
        } else {
            format!("{user} is missing the {} permission", permission.id())
        };
        Self::page(403, "Access Denied", &text)
            .with(HeaderName::from_static("x-you-are-authenticated-as"), user)
            .with(
                HeaderName::from_static("x-required-permission"),
                permission.id(),
            )
            .with(
                HeaderName::from_static("x-permission-implied-by"),
                "hudson.security.Permission.GenericWrite",
            )
    }

    /// 403 of the crumb filter.
    pub(crate) fn no_crumb() -> Self {
        Self::page(
            403,
            "Error 403 No valid crumb was included in the request",
            "No valid crumb was included in the request",
        )
    }

    /// 404.
    pub(crate) fn not_found() -> Self {
        Self::page(
            404,
            "Error 404 Not Found",
            "The requested page does not exist, or you may not know that it does.",
        )
    }

    /// 405 for a GET of something that changes state.
    pub(crate) fn post_required() -> Self {
        Self::page(
            405,
            "Form post required",
            "This URL requires POST. Retry using POST.",
        )
        .with(axum::http::header::ALLOW, "POST")
    }

    /// 500 for an exception that nothing caught.
    pub(crate) fn exception(what: &str) -> Self {
        Self::page(
            500,
            "Oops!",
            &format!("A problem occurred while processing the request. {what}"),
        )
    }

    /// 503 while Jenkins starts.
    pub(crate) fn starting() -> Self {
        Self::page(
            503,
            "Starting Jenkins",
            "Please wait while Jenkins is getting ready to work",
        )
    }

    /// The connection ends without an answer.
    pub(crate) fn cut(how: Cut) -> Self {
        Self {
            cut: Some(how),
            ..Self::empty(500)
        }
    }

    /// As HTTP.
    pub(crate) fn into_response(self) -> Response<Body> {
        let length = self.body.len();
        let body = if self.half {
            let mut first = self.body;
            first.truncate(length / 2);
            // The pause lets the first half go out: an error right behind it would take the connection down before.
            let rest = futures::stream::once(async {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                Err(std::io::Error::other("the log answer breaks off"))
            });
            Body::from_stream(futures::StreamExt::chain(
                futures::stream::iter([Ok(first)]),
                rest,
            ))
        } else {
            Body::from(self.body)
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert("x-jenkins", HeaderValue::from_static(VERSION));
        headers.insert(
            "x-content-type-options",
            HeaderValue::from_static("nosniff"),
        );
        if self.half {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(name, value);
            }
        }
        response
    }
}

/// Text as it may stand in HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
