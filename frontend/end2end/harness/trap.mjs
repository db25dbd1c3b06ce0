// Collects what a visitor never sees but must not happen: console errors, CSP violations, exceptions, failed requests.

import assert from 'node:assert/strict';

/** Watches all pages of a context. Answers the list of troubles, which grows while pages work. */
export function trap(context) {
  const troubles = [];
  const expected = [];
  const add = (kind, text, url) => {
    if (!expected.some(({ pattern }) => pattern.test(text))) troubles.push(`${kind} on ${url}: ${text}`);
  };
  context.on('console', (message) => {
    const violation = /Content Security Policy|Refused to/.test(message.text());
    if (message.type() === 'error' || violation) add(violation ? 'CSP violation' : 'console error', message.text(), message.page()?.url());
  });
  context.on('weberror', (error) => add('exception', error.error().message, error.page()?.url()));
  context.on('requestfailed', (request) => {
    // A page that is left cancels what it was loading, its event stream above all.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') add('failed request', `${request.url()} ${request.failure()?.errorText}`, request.frame()?.url());
  });
  context.on('response', (response) => {
    if (response.status() >= 500) add('server error', `${response.status()} ${response.url()}`, response.frame()?.url());
  });
  return {
    list: troubles,
    /** Allows a message that a test provokes, e.g. the 403 of a page it may not see. */
    expect: (pattern) => expected.push({ pattern }),
    /** Fails the test when anything was collected. */
    none: () => assert.deepEqual(troubles, []),
  };
}
