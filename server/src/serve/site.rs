//! The files that cargo-leptos built for the browser.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, Uri, header::CACHE_CONTROL},
    middleware::{self, Next},
    response::Response,
    routing::any,
};
use domain::Refusal;
use tower_http::services::ServeDir;

use crate::{
    AppState,
    edge::{self, Refused},
    pages::{self, Pages},
    sessions,
};

/// Serves the site root; what is not there is not found, and told to people in the frame that their other pages have.
pub(super) fn service(state: &AppState, pages: Pages) -> Router {
    let nothing = Router::new()
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(pages, pages::found_out))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            edge::caller::find,
        ))
        .layer(sessions::layer(state))
        // Programs need no frame.
        .route("/api", any(not_found))
        .route("/api/{*rest}", any(not_found));
    let files = ServeDir::new(&*state.leptos().site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
        .call_fallback_on_method_not_allowed(true)
        .fallback(nothing);
    Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn(cache))
}

async fn not_found(uri: Uri) -> Refused {
    Refusal::not_found(format!("address {}", uri.path())).into()
}

/// A file whose name carries its content's hash never changes; others may, with the next build.
async fn cache(request: Request, next: Next) -> Response {
    let (path, query) = (request.uri().path(), request.uri().query());
    // Pages ask for the icons with their version, and a font's file is named for its own.
    let versioned = query.is_some_and(|q| q.starts_with("v=")) || path.starts_with("/fonts/");
    let hashed = versioned || is_hashed(path);
    let mut response = next.run(request).await;
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        let value = if hashed {
            "public, max-age=31536000, immutable"
        } else {
            "public, max-age=300"
        };
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static(value));
    }
    response
}

/// `portolan.Zm9vYmFyYmF6cXV4.js`: cargo-leptos puts 22 characters of URL-safe base64 before the ending.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let hash = name.split('.').rev().nth(1).unwrap_or_default();
    let known = hash.len() >= 16
        && hash
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    path.starts_with("/pkg/") && name.split('.').count() >= 3 && known
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(super::is_hashed("/pkg/portolan.Zm9vYmFyYmF6cXV4cXV4eA.js"));
        assert!(super::is_hashed(
            "/pkg/portolan.Zm9v-mFy_mF6cXV4cXV4eA.wasm"
        ));
        for path in [
            "/pkg/portolan.js",
            "/portolan.Zm9vYmFyYmF6cXV4cXV4eA.js",
            "/pkg/a.b.js",
            "/favicon.svg",
            "/",
        ] {
            assert!(!super::is_hashed(path), "{path}");
        }
    }
}
