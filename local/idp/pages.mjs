// The IdP's pages: plain HTML forms that need no script.

import { people, ONE_TIME_CODE, PASSWORD } from './people.mjs';

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
export const escape = (text) => String(text ?? '').replace(/[&<>"']/g, (sign) => entities[sign]);

const page = (title, body) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)} · Local sign-in</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<p class="brand">Local sign-in</p>
${body}
</main>
</body>
</html>
`;

/**
 * The sign-in form. `who` is the person the browser is signed in as (they confirm themselves), `hint` the one to preselect,
 * `mfa` asks for the one-time code too, `problem` says why the last try failed.
 */
export function signInPage({ uid, client, mfa, who, hint, problem }) {
  const title = who ? `Confirm it is you, ${who.name}` : `Sign in to ${client}`;
  const chosen = hint ?? people[0].login;
  const card = (one) => `<label class="card"><input type="radio" name="login" value="${escape(one.login)}"${one.login === chosen ? ' checked' : ''} required>
<span><strong>${escape(one.login)}</strong><small>${escape(one.name)}, ${escape(one.does)}</small></span></label>`;
  const list = who
    ? `<input type="hidden" name="login" value="${escape(who.login)}">`
    : `<fieldset><legend>Account</legend>${people.map(card).join('\n')}</fieldset>`;
  return page(title, `<h1>${escape(title)}</h1>
${mfa ? '<p>What you are about to do asks for a second factor.</p>' : ''}
${problem ? `<p class="problem" role="alert">${escape(problem)}</p>` : ''}
<form method="post" action="/interaction/${escape(uid)}">
${list}
<label for="password">Password <small>(local stack: <code>${PASSWORD}</code>)</small></label>
<input id="password" name="password" type="password" autocomplete="current-password" required${who ? ' autofocus' : ''}>
${mfa ? `<label for="otp">One-time code <small>(local stack: <code>${ONE_TIME_CODE}</code>)</small></label>
<input id="otp" name="otp" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" title="six digits" required>` : ''}
<button type="submit">${who ? 'Confirm' : 'Sign in'}</button>
</form>
${who ? `<form method="post" action="/interaction/${escape(uid)}"><button type="submit" class="quiet" name="other" value="yes">Use another account</button></form>` : ''}
<form method="post" action="/interaction/${escape(uid)}/abort"><button type="submit" class="quiet">Cancel</button></form>`);
}

export const signOutPage = (form) => page('Sign out', `<h1>Sign out here too?</h1>
<p>You left the portal. This also ends the session that signs you in without asking.</p>
${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>
<button type="submit" form="op.logoutForm" class="quiet">Stay signed in</button>`);

export const signedOutPage = () => page('Signed out', '<h1>Signed out</h1><p>You can close this page.</p>');

export const errorPage = (title, detail) => page(title, `<h1>${escape(title)}</h1><p class="problem" role="alert">${escape(detail)}</p>`);

export const style = `
:root { color-scheme: light dark; --ground: #f4f6f8; --sheet: #fff; --ink: #16202b; --faint: #51606f; --line: #c3ccd6; --accent: #0b5cad; --on-accent: #fff; --bad: #a11a1a; --bad-ground: #fdeceb; }
@media (prefers-color-scheme: dark) { :root { --ground: #10161d; --sheet: #18212b; --ink: #e6edf4; --faint: #a4b2c1; --line: #3a4857; --accent: #7ab8f5; --on-accent: #0b1622; --bad: #ffb3ad; --bad-ground: #3b1a1a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: start center; padding: 2rem 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem; padding: 1.5rem; }
.brand { margin: 0 0 .25rem; color: var(--faint); font-size: .875rem; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.25; }
fieldset { border: 0; margin: 0 0 1rem; padding: 0; }
legend { padding: 0; margin-bottom: .5rem; font-weight: 600; }
.card { display: flex; gap: .75rem; align-items: center; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .5rem; margin-bottom: .375rem; cursor: pointer; min-height: 2.75rem; }
.card:has(input:checked) { border-color: var(--accent); outline: 1px solid var(--accent); }
.card:focus-within { outline: 2px solid var(--accent); outline-offset: 1px; }
.card span { display: block; }
.card small { display: block; }
small { color: var(--faint); font-weight: 400; }
label[for] { display: block; font-weight: 600; margin-bottom: .25rem; }
input[type=password], input[name=otp] { width: 100%; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; min-height: 2.75rem; margin-bottom: 1rem; }
button { width: 100%; font: inherit; font-weight: 600; min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid var(--accent); border-radius: .5rem; background: var(--accent); color: var(--on-accent); cursor: pointer; margin-bottom: .5rem; }
button.quiet { background: transparent; color: var(--accent); border-color: transparent; }
button:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.problem { color: var(--bad); background: var(--bad-ground); border-radius: .5rem; padding: .5rem .75rem; }
`;
