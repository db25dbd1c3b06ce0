//! From a request to the [`Visit`] that pages are made for.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use app::{Assets, Params, Rooms, Theme, Visit};
use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use control::Control;
use domain::{Caller, JobRole, RequestId, TeamName};
use jiff::Timestamp;
use tower_sessions::Session;

use super::{Pages, flash};
use crate::{
    AppState,
    edge::{MaybeCaller, Nonce, RequestFacts, csrf},
};

/// The addresses of the browser's files, for pages that are made outside of a handler too.
static ASSETS: OnceLock<Arc<Assets>> = OnceLock::new();

type Standing = (BTreeSet<JobRole>, BTreeSet<TeamName>);

/// What rendering needs besides the request: made once, at start.
#[derive(Clone, Debug)]
pub(crate) struct Rendering {
    assets: Arc<Assets>,
    /// What the menu offers, for each standing seen so far: policy is asked once for each, not for every page.
    rooms: Arc<RwLock<HashMap<Standing, Rooms>>>,
}

/// Standings remembered; a company has some dozens.
const REMEMBERED: usize = 1_000;

impl Rendering {
    pub(super) fn of(state: &AppState) -> Self {
        let options = state.leptos();
        let hashes = if options.hash_files {
            hash_file(&options.hash_file)
        } else {
            String::new()
        };
        let assets = ASSETS.get_or_init(|| {
            Arc::new(Assets::new(
                &options.site_pkg_dir,
                &options.output_name,
                &hashes,
            ))
        });
        Self {
            assets: assets.clone(),
            rooms: Arc::default(),
        }
    }

    fn rooms(&self, control: &Control, caller: &Caller) -> Rooms {
        let standing = (caller.person.job_roles.clone(), caller.person.teams.clone());
        let known = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(rooms) = known.get(&standing) {
            return *rooms;
        }
        drop(known);
        let rooms = Rooms::of(control, caller);
        let mut known = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(standing, rooms);
        rooms
    }
}

/// cargo-leptos leaves the hashes beside the program.
fn hash_file(name: &str) -> String {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join(name)));
    let read = beside.map(std::fs::read_to_string);
    match read {
        Some(Ok(text)) => text,
        Some(Err(error)) => {
            tracing::error!(%error, "the hashes of the browser's files cannot be read; build with `make build`");
            String::new()
        }
        None => String::new(),
    }
}

/// The visit of whoever asks, signed in or not.
#[derive(Debug)]
pub(super) struct Visiting(pub Visit);

impl FromRequestParts<Pages> for Visiting {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Self::Rejection> {
        let facts = RequestFacts::from_request_parts(parts, &()).await?;
        let MaybeCaller(caller) = MaybeCaller::from_request_parts(parts, &()).await?;
        let nonce = parts.extensions.get::<Nonce>().cloned().unwrap_or_default();
        let csrf = parts
            .extensions
            .get::<Session>()
            .and_then(csrf::token)
            .unwrap_or_default();
        let control = pages.app.control();
        let rooms = caller
            .as_ref()
            .map(|caller| pages.rendering.rooms(control, caller))
            .unwrap_or_default();
        let holding = match &caller {
            // A page without this line is better than none; the start is held all the same.
            Some(caller) => control.holding(caller).await.unwrap_or_else(|error| {
                tracing::error!(%error, "what is held cannot be told");
                vec![]
            }),
            None => vec![],
        };
        let holding = Arc::new(holding);
        let cookies = flash::read(&parts.headers);
        Ok(Self(Visit {
            caller,
            rooms,
            now: control.now(),
            path: parts.uri.path().to_owned(),
            params: query(&parts.uri),
            nonce: nonce.0,
            csrf,
            theme: cookies.theme,
            notice: cookies.notice,
            request_id: facts.id,
            assets: pages.rendering.assets.clone(),
            rules_trouble: control.rules_trouble(),
            holding,
        }))
    }
}

fn query(uri: &Uri) -> Params {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    // More than any page has, so that an address cannot make the page itself long.
    Params::new(pairs.into_owned().take(50).collect())
}

/// A visit of which only the request is known.
pub(super) fn nobody(request_id: RequestId, nonce: &Nonce) -> Visit {
    let assets = ASSETS.get_or_init(|| Arc::new(Assets::new("pkg", "portolan", "")));
    Visit {
        caller: None,
        rooms: Rooms::default(),
        now: control::Clock::system().now().max(Timestamp::UNIX_EPOCH),
        path: "/".to_owned(),
        params: Params::default(),
        nonce: nonce.0.clone(),
        csrf: String::new(),
        theme: Theme::System,
        notice: None,
        request_id,
        assets: assets.clone(),
        rules_trouble: None,
        holding: Arc::default(),
    }
}
