// The OpenID provider: oidc-provider (certified) with the local people, groups, a second factor and back-channel logout.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import path from 'node:path';
import Provider, { interactionPolicy } from 'oidc-provider';
import { readJson, writeJson } from '../parts/files.mjs';
import { byLogin, claimsOf, clientSecret } from './people.mjs';
import { errorPage, signedOutPage, signOutPage } from './pages.mjs';
import { adapterOn } from './store.mjs';

export const MFA = 'urn:portolan:mfa';
export const PWD = 'urn:portolan:pwd';
const HOUR = 3600;

/** Signing key and cookie keys, made once and kept: tokens and sessions outlive a restart. */
function keptKeys(folder) {
  const file = path.join(folder, 'idp/keys.json');
  const kept = readJson(file);
  if (kept) return kept;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomBytes(8).toString('hex') };
  const keys = { jwks: { keys: [jwk] }, cookies: [randomBytes(32).toString('base64url')] };
  writeJson(file, keys);
  return keys;
}

/** True when this request asks for the second factor, as a wish (`acr_values`) or as a demand (`claims`). */
export function asksForMfa(params) {
  if ((params.acr_values ?? '').split(' ').includes(MFA)) return true;
  try {
    const acr = JSON.parse(params.claims ?? '{}').id_token?.acr;
    return acr?.value === MFA || Boolean(acr?.values?.includes(MFA));
  } catch {
    return false; // the provider itself refuses malformed claims
  }
}

/** The provider's own policy, plus: a wish for the second factor is granted by asking for it. */
function policy() {
  const prompts = interactionPolicy.base();
  const { Check } = interactionPolicy;
  prompts.get('login').checks.add(new Check('mfa_wanted', 'a second factor was asked for', ({ oidc }) => {
    const wanted = asksForMfa({ acr_values: oidc.params.acr_values });
    return wanted && oidc.acr !== MFA ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  }));
  return prompts;
}

/** `folder`: the stack's; `portal`: the portal's public address, where it is called back. */
export function makeProvider({ issuer, portal, folder, store }) {
  const keys = keptKeys(folder);
  const provider = new Provider(issuer, {
    adapter: adapterOn(store),
    jwks: keys.jwks,
    cookies: { keys: keys.cookies, names: { session: 'idp_session', interaction: 'idp_interaction', resume: 'idp_resume' } },
    clients: [{
      client_id: 'portolan',
      client_name: 'Portolan',
      client_secret: clientSecret(folder),
      redirect_uris: [`${portal}/auth/callback`],
      post_logout_redirect_uris: [`${portal}/`],
      backchannel_logout_uri: `${portal}/auth/backchannel-logout`,
      backchannel_logout_session_required: true,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    }],
    acrValues: [PWD, MFA],
    scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time', 'sid'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    conformIdTokenClaims: false, // the portal reads groups from the ID token, as it would with Entra or Okta
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
    features: {
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx, form) => { ctx.body = signOutPage(form); },
        postLogoutSuccessSource: async (ctx) => { ctx.body = signedOutPage(); },
      },
    },
    interactions: { policy: policy(), url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: async (ctx, sub) => {
      const person = byLogin(sub);
      return person && { accountId: sub, claims: async () => claimsOf(person) };
    },
    // Consent is the employer's to give, so every request of the portal is granted what it asks for.
    loadExistingGrant: async (ctx) => {
      const { client, session, params } = ctx.oidc;
      const id = session.grantIdFor(client.clientId);
      const grant = (id && (await ctx.oidc.provider.Grant.find(id))) || new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
      grant.addOIDCScope(params.scope ?? 'openid');
      await grant.save();
      return grant;
    },
    renderError: async (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage('This sign-in cannot go on', [out.error, out.error_description].filter(Boolean).join(': '));
    },
    ttl: { AccessToken: HOUR, AuthorizationCode: 60, IdToken: HOUR, Interaction: HOUR, RefreshToken: 8 * HOUR, Session: 12 * HOUR, Grant: 12 * HOUR },
    // The provider refuses to call loopback addresses, where the portal's back-channel logout is.
    fetch: (url, { dispatcher: _, ...options } = {}) => globalThis.fetch(url, options),
  });
  provider.on('backchannel.success', (ctx, client, accountId) => console.log(`back-channel logout of ${accountId} delivered`));
  provider.on('backchannel.error', (ctx, error, client, accountId) => console.error(`back-channel logout of ${accountId} failed: ${error.message}`));
  provider.on('server_error', (ctx, error) => console.error(error));
  for (const event of ['authorization.error', 'grant.error', 'end_session.error', 'userinfo.error']) {
    provider.on(event, (ctx, error) => console.error(`${event}: ${error.error ?? ''} ${error.error_description ?? error.message}`));
  }
  return provider;
}
