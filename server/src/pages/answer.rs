//! From a document, or from why there is none, to a response.

use app::{Document, Notice, Visit};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use control::Error;
use domain::{Refusal, RefusalCode};

use super::{Pages, flash};
use crate::edge::Refused;

pub(super) fn page(document: Document, visit: &Visit) -> Response {
    let status = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Html(document.into_html(visit))).into_response()
}

/// The page, or the page of what went wrong, in the frame of whoever is signed in.
pub(super) fn show(pages: &Pages, visit: &Visit, made: control::Result<Document>) -> Response {
    let mut response = match made {
        Ok(document) => page(document, visit),
        // Whoever has not signed in is led to do so.
        Err(Error::Refused(refusal)) if refusal.code == RefusalCode::NotSignedIn => {
            return Refused::new(refusal).into_response();
        }
        Err(error) => trouble(visit, &error),
    };
    if visit.notice.is_some() {
        add_cookie(&mut response, flash::told(pages.app.is_tls()));
    }
    response
}

pub(super) fn trouble(visit: &Visit, error: &Error) -> Response {
    if let Error::Fault(fault) = error {
        tracing::error!(request_id = %visit.request_id, %fault, "a fault");
    }
    page(app::trouble::trouble(visit, &error.refusal()), visit)
}

/// After a form that did what it was for: on to a page, which tells it.
pub(super) fn done(pages: &Pages, to: &str, notice: Notice) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    match HeaderValue::try_from(to) {
        Ok(to) => response.headers_mut().insert(header::LOCATION, to),
        Err(_) => response
            .headers_mut()
            .insert(header::LOCATION, HeaderValue::from_static("/")),
    };
    tell(&mut response, notice, pages.app.is_tls());
    response
}

/// Tells `notice` on the page that the browser sees next.
pub(crate) fn tell(response: &mut Response, notice: Notice, tls: bool) {
    add_cookie(response, flash::tell(notice, tls));
}

pub(super) fn add_cookie(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The refusal that a form's own page can show; whatever else went wrong gets a page of its own.
pub(super) fn for_form(error: Error) -> Result<Refusal, Error> {
    match error {
        Error::Refused(refusal)
            if !matches!(
                refusal.code,
                RefusalCode::NotFound | RefusalCode::NotSignedIn
            ) =>
        {
            Ok(refusal)
        }
        other => Err(other),
    }
}
