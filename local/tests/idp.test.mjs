// The IdP against a small relying party: what the portal relies on, checked without the portal.

import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { clientSecret } from '../idp/people.mjs';
import { startIdp } from '../idp/server.mjs';
import { Browserless, forms } from '../parts/browserless.mjs';
import { Person } from '../parts/person.mjs';
import { freePort } from '../parts/ports.mjs';

const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const MFA = 'urn:portolan:mfa';
let folder;
let idp;
let party;

/** A relying party that does what the portal does: code flow with PKCE, a session cookie, back-channel logout. */
async function startParty() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const state = { url, logins: [], logouts: [], pending: new Map() };
  const server = http.createServer(async (request, response) => {
    const here = new URL(request.url, url);
    if (here.pathname === '/auth/login') {
      const verifier = b64(randomBytes(32));
      const key = b64(randomBytes(8));
      state.pending.set(key, verifier);
      response.writeHead(302, { location: authorize(key, verifier, Object.fromEntries(here.searchParams)) }).end();
    } else if (here.pathname === '/auth/callback') {
      state.callback = here;
      if (here.searchParams.has('error')) return response.writeHead(403).end(here.searchParams.get('error'));
      const answer = await token({ grant_type: 'authorization_code', code: here.searchParams.get('code'), redirect_uri: `${url}/auth/callback`, code_verifier: state.pending.get(here.searchParams.get('state')) });
      state.logins.push(answer);
      response.writeHead(answer.status === 200 ? 200 : 400, { 'content-type': 'text/html' }).end('<meta name="csrf-token" content="abc">in');
    } else if (here.pathname === '/auth/backchannel-logout') {
      let text = '';
      for await (const chunk of request) text += chunk;
      state.logouts.push(new URLSearchParams(text).get('logout_token'));
      response.writeHead(200).end();
    } else response.writeHead(200).end('home');
    return undefined;
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { ...state, state, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}

function authorize(key, verifier, more = {}) {
  const query = new URLSearchParams({
    client_id: 'portolan', response_type: 'code', scope: 'openid profile email groups', redirect_uri: `${party.url}/auth/callback`,
    state: key, nonce: `n-${key}`, code_challenge: b64(createHash('sha256').update(verifier).digest()), code_challenge_method: 'S256', ...more,
  });
  return `${idp.issuer}/auth?${query}`;
}

async function token(fields, secret = clientSecret(folder)) {
  const response = await fetch(`${idp.issuer}/token`, { method: 'POST', headers: { authorization: `Basic ${Buffer.from(`portolan:${secret}`).toString('base64')}` }, body: new URLSearchParams(fields) });
  return { status: response.status, ...(await response.json()) };
}

/** The claims of a token whose signature is good. */
async function claims(jwt) {
  const [head, body, signature] = jwt.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url'));
  const { keys } = await (await fetch(`${idp.issuer}/jwks`)).json();
  const key = createPublicKey({ key: keys.find(({ kid }) => kid === header.kid), format: 'jwk' });
  assert.ok(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')), 'signature');
  return { header, ...JSON.parse(Buffer.from(body, 'base64url')) };
}

const last = () => party.state.logins.at(-1);
const signedIn = async (login, from) => {
  const person = new Person(party.url, login);
  await person.signIn(from);
  return { person, claims: await claims(last().id_token) };
};

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-idp-'));
  party = await startParty();
  idp = await startIdp({ port: await freePort(), portal: party.url, folder });
});
after(async () => {
  await idp.stop();
  await party.stop();
  fs.rmSync(folder, { recursive: true });
});

test('a person signs in and the ID token says who, in which groups and how', async () => {
  const { claims: id, person } = await signedIn('developer');
  assert.equal(id.iss, idp.issuer);
  assert.equal(id.aud, 'portolan');
  assert.equal(id.sub, 'developer');
  assert.equal(id.preferred_username, 'developer');
  assert.deepEqual(id.groups, ['portolan-developers', 'team-checkout']);
  assert.equal(id.acr, 'urn:portolan:pwd');
  assert.deepEqual(id.amr, ['pwd']);
  assert.ok(Math.abs(id.auth_time - Date.now() / 1000) < 30);
  assert.ok(id.sid && id.nonce.startsWith('n-'));
  assert.equal(party.state.callback.searchParams.get('iss'), idp.issuer);
  assert.equal(person.csrf, 'abc');
});

test('a person without groups has an empty list', async () => {
  assert.deepEqual((await signedIn('outsider')).claims.groups, []);
});

test('step-up asks for the one-time code only then, and says so in acr and amr', async () => {
  for (const wish of [{ acr_values: MFA }, { claims: JSON.stringify({ id_token: { acr: { essential: true, value: MFA } } }) }]) {
    const { person, claims: first } = await signedIn('manager');
    const query = new URLSearchParams({ ...wish, max_age: '0' });
    const page = await person.browser.visit(`${party.url}/auth/login?${query}`);
    const form = forms(page.html, page.url).find((one) => one.fields.has('otp'));
    assert.ok(form, 'the page asks for the code');
    assert.match(page.html, /Confirm it is you, Mira Manager/);
    const wrong = await person.browser.submit(form, { password: 'portolan', otp: '000000' }, page.url);
    assert.equal(wrong.status, 422);
    assert.match(wrong.html, /one-time code is wrong/);
    await person.browser.submit(form, { password: 'portolan', otp: '123456' }, page.url);
    const second = await claims(last().id_token);
    assert.equal(second.sub, 'manager');
    assert.equal(second.acr, MFA);
    assert.deepEqual(second.amr, ['pwd', 'otp']);
    assert.ok(second.auth_time >= first.auth_time);
  }
});

test('the helper that signs people in answers a step-up by itself', async () => {
  const person = new Person(party.url, 'manager2');
  await person.signIn(`/auth/login?acr_values=${MFA}`);
  assert.equal((await claims(last().id_token)).acr, MFA);
});

test('a wrong password or an unknown account leads nowhere', async () => {
  const browser = new Browserless();
  const page = await browser.visit(`${party.url}/auth/login`);
  const [form] = forms(page.html, page.url);
  const before = party.state.logins.length;
  for (const bad of [{ login: 'developer', password: 'x' }, { login: 'nobody', password: 'portolan' }, { login: '<b>', password: 'portolan' }]) {
    const answer = await browser.submit(form, bad, page.url);
    assert.equal(answer.status, 422);
    assert.ok(!answer.html.includes('<b>'));
  }
  assert.equal(party.state.logins.length, before);
});

test('cancelling tells the portal', async () => {
  const browser = new Browserless();
  const page = await browser.visit(`${party.url}/auth/login`);
  const abort = forms(page.html, page.url).find(({ action }) => action.endsWith('/abort'));
  assert.equal((await browser.submit(abort, {}, page.url)).status, 403);
  assert.equal(party.state.callback.searchParams.get('error'), 'access_denied');
});

test('another account can be chosen when signed in as one', async () => {
  const { person } = await signedIn('developer');
  const page = await person.browser.visit(`${party.url}/auth/login?prompt=login`);
  const other = forms(page.html, page.url).find((one) => one.fields.size === 0 && !one.action.endsWith('/abort'));
  const choice = await person.browser.submit(other, { other: 'yes' }, page.url);
  const [form] = forms(choice.html, choice.url);
  const leave = await person.browser.submit(form, { login: 'auditor', password: 'portolan' }, choice.url);
  await person.browser.submit(forms(leave.html, leave.url)[0], {}, leave.url);
  assert.equal((await claims(party.state.logouts.at(-1))).sub, 'developer');
  assert.equal((await claims(last().id_token)).sub, 'auditor');
});

test('PKCE is required, a code works once, a wrong verifier and a wrong secret are refused', async () => {
  const bare = await fetch(authorize('k', 'v', { code_challenge: '', code_challenge_method: '' }), { redirect: 'manual' });
  assert.match(bare.headers.get('location') ?? (await bare.text()), /invalid_request/);
  await signedIn('developer');
  const code = party.state.callback.searchParams.get('code');
  const fields = { grant_type: 'authorization_code', code, redirect_uri: `${party.url}/auth/callback`, code_verifier: party.state.pending.get(party.state.callback.searchParams.get('state')) };
  assert.equal((await token(fields)).error, 'invalid_grant');
  assert.equal((await token(fields, 'wrong')).error, 'invalid_client');
});

test('a refresh token rotates, and an old one ends the family', async () => {
  await signedIn('developer');
  const { refresh_token: first } = last();
  const second = await token({ grant_type: 'refresh_token', refresh_token: first });
  assert.equal(second.status, 200);
  assert.notEqual(second.refresh_token, first);
  assert.equal((await token({ grant_type: 'refresh_token', refresh_token: first })).error, 'invalid_grant');
  assert.equal((await token({ grant_type: 'refresh_token', refresh_token: second.refresh_token })).error, 'invalid_grant');
});

test('signing out at the IdP tells the portal over the back channel and leads home', async () => {
  const { person, claims: id } = await signedIn('operator');
  const query = new URLSearchParams({ id_token_hint: last().id_token, post_logout_redirect_uri: `${party.url}/` });
  const page = await person.browser.visit(`${idp.issuer}/session/end?${query}`);
  const [form] = forms(page.html, page.url);
  const home = await person.browser.submit(form, { logout: 'yes' }, page.url);
  assert.equal(home.url, `${party.url}/`);
  const logout = await claims(party.state.logouts.at(-1));
  assert.equal(logout.header.typ, 'logout+jwt');
  assert.equal(logout.sub, 'operator');
  assert.equal(logout.sid, id.sid);
  assert.ok(logout.events['http://schemas.openid.net/event/backchannel-logout']);
  assert.equal(logout.nonce, undefined);
});

test('the session outlives a restart', async () => {
  const { person } = await signedIn('administrator');
  const port = Number(new URL(idp.issuer).port);
  await idp.stop();
  idp = await startIdp({ port, portal: party.url, folder });
  const before = party.state.logins.length;
  await person.browser.visit(`${party.url}/auth/login`);
  assert.equal(party.state.logins.length, before + 1);
  assert.equal((await claims(last().id_token)).sub, 'administrator');
});
