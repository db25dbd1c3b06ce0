//! The code becomes tokens.

use control::sessions::LoginAttempt;
use domain::{Refusal, RefusalCode};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, IssuerUrl, OAuth2TokenResponse as _,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, TokenResponse as _, TokenUrl,
    core::{CoreClient, CoreIdToken},
};
use secrecy::ExposeSecret;

use super::{Provider, http, provider::Known};

/// What came for the code. The access token is needed to check the ID token, and for nothing else.
pub(super) struct Tokens {
    pub(super) id_token: CoreIdToken,
    pub(super) access_token: openidconnect::AccessToken,
}

pub(super) async fn exchange(
    provider: &Provider,
    known: &Known,
    redirect: String,
    attempt: &LoginAttempt,
    code: String,
) -> Result<Tokens, Refusal> {
    let oidc = provider.oidc();
    let misfit = |what: &str| refused(format!("The identity provider's {what} cannot be used."));
    let issuer = IssuerUrl::new(oidc.issuer_text.clone()).map_err(|_| misfit("issuer"))?;
    let token_url = TokenUrl::new(known.metadata.token_endpoint.to_string())
        .map_err(|_| misfit("token endpoint"))?;
    let redirect = RedirectUrl::new(redirect).map_err(|_| misfit("redirect address"))?;
    let methods = &known.metadata.token_endpoint_auth_methods_supported;
    let basic = methods.is_empty() || methods.iter().any(|m| m == "client_secret_basic");
    let client = CoreClient::new(
        ClientId::new(oidc.client_id.clone()),
        issuer,
        known.keys.clone(),
    )
    .set_client_secret(ClientSecret::new(
        oidc.client_secret.expose_secret().to_owned(),
    ))
    .set_auth_type(if basic {
        AuthType::BasicAuth
    } else {
        AuthType::RequestBody
    })
    .set_token_uri(token_url)
    .set_redirect_uri(redirect);
    let http = |request| http::send(provider.client().clone(), request);
    let answer = client
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(attempt.pkce_verifier.clone()))
        .request_async(&http)
        .await
        .map_err(|error| match error {
            RequestTokenError::ServerResponse(said) => {
                refused(format!("The identity provider refused the code ({}).", said.error()))
            }
            RequestTokenError::Request(_) => {
                Refusal::new(RefusalCode::Outside, "The identity provider did not answer when the sign-in was to be completed. Try again.")
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                refused("The identity provider's answer cannot be understood.")
            }
        })?;
    let id_token = answer.id_token().cloned().ok_or_else(|| {
        refused("The identity provider sent no ID token, so it did not say who you are.")
    })?;
    Ok(Tokens {
        id_token,
        access_token: answer.access_token().clone(),
    })
}

fn refused(detail: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::SignInRefused, detail)
}
