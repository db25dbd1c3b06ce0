//! How a refusal is told on a page: in the frame of whoever is signed in, and, where a form was not taken because the session
//! behind it is over, with what had been written in it.

use app::{
    Params, Visit,
    trouble::{Lost, Unsent},
};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::RefusalCode;
use url::Url;

use super::{Pages, visit::Visiting};
use crate::{
    AppState,
    edge::{Refused, body, refused::is_api},
    signin,
};

/// What a refusal's page is made of besides the refusal. Travels beside it in the answer's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(super) visit: Visit,
    pub(super) unsent: Option<Unsent>,
}

/// Fields that nobody wrote.
const TECHNICAL: [&str; 8] = [
    "csrf",
    "_csrf",
    "once",
    "return_to",
    "back_to",
    "evidence_digest",
    "attempt",
    "month",
];
/// So much of what was written comes back; no form of ours takes more.
const MOST_WRITTEN: usize = 64 * 1024;

/// The layer that finds out how to tell a refusal, should there be one.
pub(crate) async fn found_out(
    State(pages): State<Pages>,
    request: Request,
    next: Next,
) -> Response {
    if is_api(request.uri().path()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let asked = parts.clone();
    let (sent, body) = if is_form(&parts) {
        match body::read(parts.uri.path(), body).await {
            Ok(bytes) => (bytes.clone(), Body::from(bytes)),
            Err(refused) => return refused.into_response(),
        }
    } else {
        (Bytes::new(), body)
    };
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let refused = response.extensions().get::<Refused>().cloned();
    if let Some(refused) = refused.filter(|refused| !refused.is_fault()) {
        let told = told(&pages, asked, &sent, &refused).await;
        response.extensions_mut().insert(told);
    }
    response
}

async fn told(pages: &Pages, mut asked: Parts, sent: &[u8], refused: &Refused) -> Told {
    let is_get = matches!(asked.method, Method::GET | Method::HEAD);
    let page = page_of(&pages.app, &asked, is_get);
    let Ok(Visiting(mut visit)) = Visiting::from_request_parts(&mut asked, pages).await;
    // It is told on the page that the form leads to, not on that of a refusal.
    visit.notice = None;
    let (path, query) = page.split_once('?').unwrap_or((&page, ""));
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    visit.params = Params::new(pairs.into_owned().take(50).collect());
    path.clone_into(&mut visit.path);
    let lost = match refused.refusal.code {
        RefusalCode::NotSignedIn => Some(Lost::SessionEnded),
        _ if refused.out_of_date && visit.caller.is_none() => Some(Lost::SessionEnded),
        _ if refused.out_of_date => Some(Lost::OutOfDate),
        _ => None,
    };
    let unsent = lost.filter(|_| !is_get).map(|lost| Unsent {
        lost,
        written: written(sent),
        page,
    });
    Told { visit, unsent }
}

fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    parts.method == Method::POST && kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// What a person wrote or chose, in the form's order.
fn written(sent: &[u8]) -> Vec<(String, String)> {
    let mut room = MOST_WRITTEN;
    url::form_urlencoded::parse(sent)
        .filter(|(name, value)| !TECHNICAL.contains(&&**name) && !value.trim().is_empty())
        .map_while(|(name, value)| {
            room = room.checked_sub(name.len() + value.len())?;
            Some((name.into_owned(), value.replace("\r\n", "\n")))
        })
        .take(100)
        .collect()
}

/// The page itself; of a form the one that it was on: as the browser says, where that is one of ours, else where such a form
/// stands. Never an address of signing in, whose query holds what is nobody's to see.
fn page_of(state: &AppState, asked: &Parts, is_get: bool) -> String {
    let here = asked.uri.path_and_query().map_or("/", |p| p.as_str());
    let page = if is_get {
        here.to_owned()
    } else {
        let page = referer(&asked.headers, state.origin());
        let page = page.unwrap_or_else(|| asked.uri.path().to_owned());
        shown(&page).unwrap_or(page)
    };
    if signin::is_local(&page, state.public_url()) {
        page
    } else {
        "/".to_owned()
    }
}

/// Path and query of the page that sent this; never another host's.
fn referer(headers: &HeaderMap, ours: &str) -> Option<String> {
    let url = Url::parse(headers.get(header::REFERER)?.to_str().ok()?).ok()?;
    (url.origin().ascii_serialization() == ours).then(|| {
        url.query().map_or_else(
            || url.path().to_owned(),
            |query| format!("{}?{query}", url.path()),
        )
    })
}

/// Of an address that only takes forms, the page on which they stand.
fn shown(page: &str) -> Option<String> {
    let path = page.split_once('?').map_or(page, |(path, _)| path);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match *parts.as_slice() {
        ["changes", _, "log" | "rollback"] => None,
        [room @ ("changes" | "calendar" | "people"), id, _, ..] => Some(format!("/{room}/{id}")),
        [room @ ("tokens" | "delegations" | "sessions"), _, _] | [room @ "catalog", "import"] => {
            Some(format!("/{room}"))
        }
        ["preferences" | "auth", ..] => Some("/".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn referred(from: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::REFERER, from.parse().expect("a header"));
        referer(&headers, "https://portolan.example.com")
    }

    #[test]
    fn the_way_back_is_ours() {
        assert_eq!(
            referred("https://portolan.example.com/services/cart/deploy?version=1").as_deref(),
            Some("/services/cart/deploy?version=1")
        );
        for foreign in [
            "https://evil.test/services",
            "http://portolan.example.com/",
            "https://portolan.example.com.evil.test/",
            "https://portolan.example.com@evil.test/",
            "/services",
            "javascript:alert(1)",
        ] {
            assert_eq!(referred(foreign), None, "{foreign}");
        }
        // What looks like a host in the path is thrown out where all addresses to return to are.
        let ours = Url::parse("https://portolan.example.com").expect("an address");
        let tricky = referred("https://portolan.example.com//evil.test/").expect("a path");
        assert!(!signin::is_local(&tricky, &ours));
    }

    #[test]
    fn an_address_that_only_takes_forms_leads_to_their_page() {
        for (form, page) in [
            ("/changes/1/decide", "/changes/1"),
            ("/changes/1/override/confirm", "/changes/1"),
            ("/calendar/1/end", "/calendar/1"),
            ("/tokens/1/revoke", "/tokens"),
            ("/catalog/import", "/catalog"),
            ("/preferences/theme", "/"),
        ] {
            assert_eq!(shown(form).as_deref(), Some(page), "{form}");
        }
        for page in [
            "/services/cart/deploy?version=1",
            "/changes/1/rollback",
            "/attention/1",
            "/calendar/new",
            "/approvals",
        ] {
            assert_eq!(shown(page), None, "{page}");
        }
    }

    #[test]
    fn only_what_was_written_comes_back() {
        let sent = b"csrf=x&once=y&reason=two%0D%0Alines&evidence_digest=z&after=&from=2026-11-23T10%3A00&scopes=read&scopes=changes";
        let pairs = written(sent);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("reason", "two\nlines"),
                ("from", "2026-11-23T10:00"),
                ("scopes", "read"),
                ("scopes", "changes")
            ]
        );
    }
}
