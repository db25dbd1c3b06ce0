// A person at the portal, without a browser: signs in through the IdP's forms and calls the API with the session.

import { randomUUID } from 'node:crypto';
import { ONE_TIME_CODE, PASSWORD } from '../idp/people.mjs';
import { Browserless, forms } from './browserless.mjs';

/** Where the portal begins a sign-in. */
export const SIGN_IN = '/auth/login';

export class Person {
  constructor(portal, login) {
    this.portal = portal;
    this.login = login;
    this.browser = new Browserless();
  }

  /** Signs in; `from` may be any page that leads to the IdP, such as a step-up. */
  async signIn(from = SIGN_IN) {
    let page = await this.browser.visit(new URL(from, this.portal).href);
    for (let tries = 0; tries < 3 && new URL(page.url).origin !== new URL(this.portal).origin; tries += 1) {
      const all = forms(page.html, page.url);
      // Where someone else was signed in, the provider ends that session first, by a form that a browser sends by itself.
      const form = all.find((one) => one.fields.has('password')) ?? all.find((one) => one.fields.has('xsrf'));
      if (!form) throw new Error(`${this.login} cannot sign in: ${page.url} answered ${page.status} without a sign-in form`);
      const values = {};
      if (form.fields.has('password')) Object.assign(values, { login: this.login, password: PASSWORD });
      if (form.fields.has('otp')) values.otp = ONE_TIME_CODE;
      page = await this.browser.submit(form, values, page.url);
    }
    if (page.status >= 400) throw new Error(`${this.login} cannot sign in: ${new URL(page.url).pathname} answered ${page.status}`);
    const token = csrfToken(page.html);
    if (token) this.csrf = token;
    return page;
  }

  /** Calls the API as the portal's own pages do: session cookie plus CSRF token. Answers `{status, body}`. */
  async call(method, path, body, headers = {}) {
    const unsafe = method !== 'GET';
    if (unsafe && !this.csrf) this.csrf = csrfToken((await this.browser.visit(`${this.portal}/`)).html);
    const response = await this.browser.request(`${this.portal}/api/v1${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(unsafe ? { origin: this.portal, 'sec-fetch-site': 'same-origin', 'x-csrf-token': this.csrf ?? '', 'idempotency-key': randomUUID() } : {}),
        ...headers,
      },
    });
    return { status: response.status, body: await readBody(response) };
  }
}

/** Calls the API with a token, as a script does. */
export async function callWithToken(portal, token, method, path, body, headers = {}) {
  const response = await fetch(`${portal}/api/v1${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }),
      ...headers,
    },
  });
  return { status: response.status, body: await readBody(response) };
}

async function readBody(response) {
  const text = await response.text();
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return text;
  return text === '' ? undefined : JSON.parse(text);
}

/** The token that every page carries for its own forms and scripts. */
export function csrfToken(html) {
  const meta = /<meta\b[^>]*\bname="csrf-token"[^>]*>/.exec(html)?.[0];
  const input = /<input\b[^>]*\bname="csrf"[^>]*>/.exec(html)?.[0];
  return /\bcontent="([^"]*)"/.exec(meta ?? '')?.[1] ?? /\bvalue="([^"]*)"/.exec(input ?? '')?.[1];
}
