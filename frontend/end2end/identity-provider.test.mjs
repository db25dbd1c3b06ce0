// The local identity provider's own pages: usable by anyone, with scripts off too.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startIdp } from '../../local/idp/server.mjs';
import { freePort } from '../../local/parts/ports.mjs';
import { launch, open } from './harness/browser.mjs';
import { answerIdp } from './harness/people.mjs';
import { lookAt } from './harness/views.mjs';

const MFA = 'urn:portolan:mfa';
const codes = [];
let browser;
let folder;
let idp;
let portal;
let server;

before(async () => {
  // In the portal's place: a page that takes the code, since these journeys end where the portal begins.
  server = http.createServer((request, response) => {
    const url = new URL(request.url, portal);
    if (url.pathname === '/auth/callback') codes.push(url.searchParams.get('code'));
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><html lang="en"><title>back</title><link rel="icon" href="data:,"><p>back');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  portal = `http://127.0.0.1:${server.address().port}`;
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-idp-'));
  idp = await startIdp({ port: await freePort(), portal, folder });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await idp.stop();
  server.closeAllConnections();
  server.close();
  fs.rmSync(folder, { recursive: true });
});

/** The address that the portal would send a browser to. */
function authorize(more = {}) {
  const query = new URLSearchParams({
    client_id: 'portolan', response_type: 'code', scope: 'openid', redirect_uri: `${portal}/auth/callback`, state: 'journey',
    code_challenge: createHash('sha256').update('journey').digest('base64url'), code_challenge_method: 'S256', ...more,
  });
  return `${idp.issuer}/auth?${query}`;
}

test('the sign-in page looks right and is accessible, wide and narrow, light and dark', async () => {
  const { page, trouble, close } = await open(browser);
  await page.goto(authorize({ acr_values: MFA }));
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Sign in to Portolan');
  await lookAt(page, 'identity-provider-sign-in');
  trouble.none();
  await close();
});

for (const scripts of [true, false]) {
  test(`a person signs in, steps up and changes account with scripts ${scripts ? 'on' : 'off'}`, async () => {
    const { page, trouble, close } = await open(browser, { scripts });
    const before = codes.length;
    trouble.expect(/422/); // the wrong password below
    await page.goto(authorize());
    await answerIdp(page, 'manager', { password: 'wrong' });
    assert.match(await page.getByRole('alert').textContent(), /password is wrong/);
    await answerIdp(page, 'manager');
    await page.waitForURL(/auth\/callback/);
    assert.ok(codes.at(-1));

    await page.goto(authorize({ acr_values: MFA, max_age: '0' }));
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Confirm it is you, Mira Manager');
    await answerIdp(page, 'manager');
    await page.waitForURL(/auth\/callback/);

    await page.goto(authorize({ prompt: 'login' }));
    await page.getByRole('button', { name: 'Use another account' }).click();
    await answerIdp(page, 'auditor');
    if (!scripts) await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL(/auth\/callback/);
    assert.equal(codes.length, before + 3);
    trouble.none();
    await close();
  });
}

test('the keyboard is enough', async () => {
  const { page, close } = await open(browser);
  const before = codes.length;
  await page.goto(authorize());
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.getByRole('radio', { name: /^developer2 / }).isChecked(), true);
  await page.keyboard.press('Tab');
  await page.keyboard.type('portolan');
  await page.keyboard.press('Enter');
  await page.waitForURL(/auth\/callback/);
  assert.equal(codes.length, before + 1);
  await close();
});
