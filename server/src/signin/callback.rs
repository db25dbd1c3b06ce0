//! The browser comes back with the identity provider's answer.

use std::collections::HashMap;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use control::{limits::Limit, sessions::SignIn};
use domain::{Refusal, RefusalCode, canonical::sha256};
use tower_sessions::Session;

use app::Notice;

use super::{begin::callback_url, cookie, exchange, seal, verify};
use crate::{
    AppState,
    edge::{Refused, RequestFacts, limits},
    pages, sessions,
};

/// `GET /auth/callback`
pub(super) async fn callback(
    State(state): State<AppState>,
    session: Session,
    facts: RequestFacts,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refused> {
    let limit = Limit::per_minute("callback", state.limits().callback);
    limits::by_address(&state, limit, &facts).await?;
    let answer = Answer::of(&uri);
    let cookie_gone = answer
        .as_ref()
        .ok()
        .map(|a| cookie::clear(state.is_tls(), &a.state));
    let mut response = match accept(&state, &session, &facts, &headers, answer).await {
        Ok(Back::SignedIn(return_to)) => back_to(&return_to),
        Ok(Back::NotConfirmed(return_to)) => {
            let mut response = back_to(&return_to);
            pages::tell(&mut response, Notice::NotConfirmed, state.is_tls());
            response
        }
        Err(refused) => refused.into_response(),
    };
    if let Some(gone) = cookie_gone {
        cookie::add(response.headers_mut(), &gone);
    }
    Ok(response)
}

fn back_to(place: &str) -> Response {
    let mut response = Redirect::to(place).into_response();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}

/// Where the browser goes, and as what.
enum Back {
    SignedIn(String),
    /// Was signed in and still is: the second factor that was asked for was not given.
    NotConfirmed(String),
}

/// Everything up to the bound session. Whatever is refused here is one event.
async fn accept(
    state: &AppState,
    session: &Session,
    facts: &RequestFacts,
    headers: &HeaderMap,
    answer: Result<Answer, Refusal>,
) -> Result<Back, Refused> {
    let accepted = match answer {
        Ok(answer) => identify(state, facts, headers, answer).await,
        Err(refusal) => Err(Stop::Refused(refusal)),
    };
    match accepted {
        Ok((sign_in, raw, return_to)) => bind(state, session, sign_in, &raw)
            .await
            .map(|()| Back::SignedIn(return_to)),
        Err(Stop::Refused(refusal)) => {
            note(state, facts, &refusal).await?;
            Err(refusal.into())
        }
        Err(Stop::NotConfirmed { refusal, return_to }) => {
            note(state, facts, &refusal).await?;
            Ok(Back::NotConfirmed(return_to))
        }
        Err(Stop::Fault(error)) => Err(error.into()),
    }
}

async fn note(state: &AppState, facts: &RequestFacts, refusal: &Refusal) -> Result<(), Refused> {
    let control = state.control();
    control
        .sign_in_refused(facts.id, facts.ip.clone(), refusal, None)
        .await?;
    Ok(())
}

enum Stop {
    Refused(Refusal),
    /// The person turned back at the identity provider from a second factor; their session stands.
    NotConfirmed {
        refusal: Refusal,
        return_to: String,
    },
    Fault(control::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn identify(
    state: &AppState,
    facts: &RequestFacts,
    headers: &HeaderMap,
    answer: Answer,
) -> Result<(SignIn, String, String), Stop> {
    let stray = || {
        verify::refused(
            "This sign-in was not begun in this browser, was completed before, or took longer than ten minutes. Sign in again.",
        )
    };
    let secret = cookie::find(headers, state.is_tls(), &answer.state).ok_or_else(stray)?;
    // Taken, not read: whatever happens now, this answer cannot be brought a second time.
    let attempt = state
        .control()
        .take_login(sha256(&secret))
        .await
        .map_err(Stop::Fault)?
        .ok_or_else(stray)?;
    if sha256(&attempt.state) != sha256(&answer.state) {
        return Err(stray().into());
    }
    let provider = state.provider();
    let known = provider.known().await?;
    let issuer = &provider.oidc().issuer_text;
    match &answer.iss {
        Some(iss) if iss != issuer => {
            return Err(verify::refused("This answer is of another identity provider.").into());
        }
        None if known
            .metadata
            .authorization_response_iss_parameter_supported =>
        {
            return Err(verify::refused(
                "This answer does not say which identity provider it is of.",
            )
            .into());
        }
        _ => {}
    }
    let code = match (answer.error, answer.code) {
        (Some(error), _) => {
            let refusal = verify::refused(format!(
                "The identity provider did not sign you in ({error}). Try again."
            ));
            return Err(match attempt.step_up_of {
                // Any other answer is something to be mended, and told as what it is.
                Some(_) if error == "access_denied" => Stop::NotConfirmed {
                    refusal,
                    return_to: attempt.return_to,
                },
                _ => refusal.into(),
            });
        }
        (None, None) => {
            return Err(verify::refused("The identity provider's answer holds no code.").into());
        }
        (None, Some(code)) => code,
    };
    let tokens = exchange::exchange(provider, &known, callback_url(state), &attempt, code).await?;
    let who = verify::verify(
        provider,
        &known,
        &tokens,
        &attempt.nonce,
        state.control().now(),
    )
    .await?;
    let sign_in = SignIn {
        issuer: issuer.clone(),
        subject: who.subject,
        login: who.login,
        name: who.name,
        email: who.email,
        job_roles: who.standing.job_roles,
        teams: who.standing.teams,
        authentication: who.authentication,
        idp_sid: who.sid,
        id_token: None,
        // Filled in with the new session.
        session: [0; 32],
        request_id: facts.id,
        ip: facts.ip.clone(),
        user_agent: user_agent(headers),
        step_up_of: attempt.step_up_of,
    };
    Ok((sign_in, who.raw, attempt.return_to))
}

/// As much of it as tells browsers apart.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(300).collect())
}

/// A new session id, made only now, so that nobody can have planted it; then it is bound.
async fn bind(
    state: &AppState,
    session: &Session,
    mut sign_in: SignIn,
    raw: &str,
) -> Result<(), Refused> {
    let broken = |e: tower_sessions::session::Error| Refused::from(control::Error::fault(e));
    session.clear().await;
    session.cycle_id().await.map_err(broken)?;
    session.save().await.map_err(broken)?;
    let id = session.id().ok_or_else(|| {
        Refused::from(control::Error::fault(anyhow::anyhow!(
            "a saved session has no id"
        )))
    })?;
    sign_in.session = sessions::hash(&id);
    sign_in.id_token = seal::seal(&id, raw);
    match state.control().sign_in(sign_in).await {
        Ok(_) => Ok(()),
        Err(error) => {
            session.flush().await.map_err(broken)?;
            Err(error.into())
        }
    }
}

/// What the address holds.
#[derive(Debug)]
struct Answer {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

impl Answer {
    fn of(uri: &Uri) -> Result<Self, Refusal> {
        let mut found = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        {
            // Which of two would count is a guess that others make differently.
            if found.insert(name.to_string(), value.to_string()).is_some() {
                return Err(Refusal::new(
                    RefusalCode::SignInRefused,
                    "This answer says the same thing twice.",
                ));
            }
        }
        let state = found.remove("state").filter(|s| !s.is_empty());
        Ok(Self {
            state: state.ok_or_else(|| verify::refused("This answer belongs to no sign-in."))?,
            code: found.remove("code").filter(|c| !c.is_empty()),
            iss: found.remove("iss"),
            // From the address, so from anybody: letters only.
            error: found.remove("error").map(|e| {
                e.chars()
                    .filter(|c| c.is_ascii_lowercase() || *c == '_')
                    .take(40)
                    .collect()
            }),
        })
    }
}
