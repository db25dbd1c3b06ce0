// HTTP around the provider: the sign-in pages, everything else is the provider's.

import http from 'node:http';
import path from 'node:path';
import { byLogin, ONE_TIME_CODE, PASSWORD } from './people.mjs';
import { errorPage, signInPage, style } from './pages.mjs';
import { asksForMfa, makeProvider, MFA, PWD } from './provider.mjs';
import { Store } from './store.mjs';

const BODY_LIMIT = 10_000;

async function readForm(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw Object.assign(new Error('the form is too large'), { status: 413 });
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function send(response, status, body, type = 'text/html; charset=utf-8') {
  response.writeHead(status, { 'content-type': type, 'cache-control': type.startsWith('text/html') ? 'no-store' : 'max-age=3600' });
  response.end(body);
}

/** What is wrong with a filled-in form, in words, or undefined. */
function problemWith(form, mfa) {
  if (!byLogin(form.get('login'))) return 'Choose an account of the list.';
  if (form.get('password') !== PASSWORD) return 'That password is wrong.';
  if (mfa && form.get('otp') !== ONE_TIME_CODE) return 'That one-time code is wrong.';
  return undefined;
}

export function startIdp({ host = '127.0.0.1', port, portal, folder }) {
  const issuer = `http://${host}:${port}`;
  const store = new Store(path.join(folder, 'idp/store.json'));
  const provider = makeProvider({ issuer, portal, folder, store });
  const rest = provider.callback();

  async function interaction(request, response, [, uid, abort]) {
    const { params, prompt, session } = await provider.interactionDetails(request, response);
    if (request.method === 'POST' && abort) {
      return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'the sign-in was cancelled' }, { mergeWithLastSubmission: false });
    }
    const mfa = asksForMfa(params);
    const who = session && prompt.name === 'login' && !prompt.reasons.includes('id_token_hint') ? byLogin(session.accountId) : undefined;
    const view = { uid, client: 'Portolan', mfa, who, hint: byLogin(params.login_hint)?.login };
    if (request.method !== 'POST') return send(response, 200, signInPage(view));
    const form = await readForm(request);
    if (form.has('other')) return send(response, 200, signInPage({ ...view, who: undefined }));
    const problem = problemWith(form, mfa);
    if (problem) return send(response, 422, signInPage({ ...view, who: form.get('login') === who?.login ? who : undefined, hint: byLogin(form.get('login'))?.login, problem }));
    const login = { accountId: form.get('login'), acr: mfa ? MFA : PWD, amr: mfa ? ['pwd', 'otp'] : ['pwd'], remember: true };
    return provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  }

  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, issuer);
    const match = /^\/interaction\/([\w-]+)(\/abort)?$/.exec(pathname);
    // One page of the provider's own sends itself by an inline script (with a button where scripts are off).
    const script = match ? '' : "script-src 'unsafe-inline'; ";
    response.setHeader('content-security-policy', `default-src 'none'; ${script}style-src 'self'; form-action 'self' ${portal}; frame-ancestors 'none'; base-uri 'none'`);
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    if (pathname === '/style.css') return send(response, 200, style, 'text/css; charset=utf-8');
    if (pathname === '/healthz') return send(response, 200, 'ok\n', 'text/plain; charset=utf-8');
    if (!match) return rest(request, response);
    return interaction(request, response, match).catch((error) => {
      const status = error.status ?? error.statusCode ?? 500;
      if (status >= 500) console.error(error);
      const gone = error.name === 'SessionNotFound';
      send(response, gone ? 410 : status, errorPage('This sign-in cannot go on', gone ? 'It is too old or was finished in another tab. Go back to the portal and sign in again.' : error.message));
    });
  });

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve({
      issuer,
      stop: () => {
        store.flush();
        server.closeAllConnections();
        return new Promise((done) => server.close(done));
      },
    }));
  });
}
