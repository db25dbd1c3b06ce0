// Which addresses are asked for: lists as people narrow them. Many different ones, so that no answer can be a remembered one.

import { teams, words } from './catalogue.mjs';

const query = (pairs) => Object.entries(pairs).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
const each = (list, make) => list.map(make);

/** Services by a word, in production, in four orders: filtered, sorted, counted. */
const searched = words.flatMap((q) => each(['team', '-team', 'updated', '-updated'], (sort) => query({ q, lifecycle: 'production', sort })));
/** All services, in every order there is. */
const sorted = each(['team', '-team', 'updated', '-updated', 'name', '-name'], (sort) => query({ sort }));

const requesters = each(teams.slice(0, 60), (team) => query({ requester: `${team}.developer1` }));
const placed = ['dev', 'staging', 'production'].flatMap((environment) =>
  each(['succeeded', 'failed', 'rejected', 'stale', 'awaiting_approval'], (state) => query({ environment, state })));
const byService = each(words, (word) => query({ service: `${word}-api` }));

const logins = each(teams.slice(0, 60), (team) => query({ login: `${team}.developer2` }));
const kinds = each(['change.requested', 'change.approved', 'change.failed', 'change.started', 'session.signed_in', 'policy.denied'], (kind) => query({ kind }));
const outcomes = each(['success', 'denied'], (outcome) => query({ outcome }));

/** `name → {page, api, queries}`; `widest` are the queries that match the most. */
export const lists = {
  services: { page: '/services', api: '/api/v1/services', narrow: searched, widest: sorted },
  changes: { page: '/changes', api: '/api/v1/changes', narrow: [...requesters, ...placed, ...byService], widest: ['', query({ environment: 'production', state: 'succeeded' })] },
  audit: { page: '/audit', api: '/api/v1/audit/events', narrow: [...logins, ...kinds, ...outcomes], widest: [''] },
};

/** The API says the direction of an order apart, and how many rows. */
export const asApi = (text) => [text.replace(/sort=-(\w+)/, 'sort=$1&order=desc'), 'limit=20'].filter(Boolean).join('&');

/** Full addresses of a list's page or API call. */
export const addresses = (path, queries) => queries.map((text) => (text === '' ? path : `${path}?${text}`));

