// What a new portal needs to be of use: tokens, the catalogue, releases. Through the front door only: sign-in and the API.

import { createHash } from 'node:crypto';
import path from 'node:path';
import { people } from '../idp/people.mjs';
import { readJson, writeJson } from './files.mjs';
import { callWithToken, Person } from './person.mjs';

const TOKEN_DAYS = 90;

/** What the sandbox's registries hold: every service in these versions, oldest first. */
export const VERSIONS = ['1.0.0', '1.1.0', '1.2.0'];
/** One more, which only one region has: deploying it fails where the image is missing. */
export const EXTRA = [{ service: 'cart', version: '2.0.0' }];

/** The digest that the sandbox gives an image. */
export const imageDigest = (service, version) => `sha256:${createHash('sha256').update(`${service}:${version}`).digest('hex')}`;

/** The commit that a release of the local shop claims to be built from: made up, but the same on every run. */
const commitOf = (service, version) => createHash('sha1').update(`${service}@${version}`).digest('hex');

function refuse(what, { status, body }) {
  const why = typeof body === 'object' ? (body.detail ?? body.title ?? JSON.stringify(body)) : String(body).slice(0, 200);
  throw new Error(`${what} was refused with ${status}: ${why}`);
}

/** One API token a person, kept in tokens.json and made anew only when it no longer works. */
export async function seedTokens({ portal, folder }) {
  const file = path.join(folder, 'tokens.json');
  const kept = readJson(file, {});
  const tokens = {};
  let made = 0;
  await Promise.all(people.map(async ({ login }) => {
    if (kept[login]) {
      const me = await callWithToken(portal, kept[login], 'GET', '/me');
      if (me.status === 200) {
        tokens[login] = kept[login];
        return;
      }
    }
    const person = new Person(portal, login);
    await person.signIn();
    const expires = new Date(Date.now() + TOKEN_DAYS * 86_400_000).toISOString();
    const answer = await person.call('POST', '/tokens', { name: 'local stack', expires_at: expires });
    // Who has no rights can have no token; that is right and not a failure of the stack.
    if ([403, 404].includes(answer.status) && login === 'outsider') return;
    if (answer.status !== 201) refuse(`a token for ${login}`, answer);
    tokens[login] = answer.body.token;
    made += 1;
  }));
  writeJson(file, Object.fromEntries(people.map(({ login }) => [login, tokens[login]]).filter(([, token]) => token)));
  return { tokens, made };
}

/** Imports the configured catalogue folder. Answers what the portal says about it. */
export async function seedCatalogue({ portal, tokens }) {
  const answer = await callWithToken(portal, tokens.administrator, 'POST', '/services/import', {});
  if (answer.status >= 300) refuse('the catalogue', answer);
  return answer.body;
}

/** Every item of a list, page by page. */
export async function listAll(portal, token, route) {
  const items = [];
  let cursor;
  do {
    const query = `${route.includes('?') ? '&' : '?'}limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
    const answer = await callWithToken(portal, token, 'GET', route + query);
    if (answer.status !== 200) refuse(`GET ${route}`, answer);
    items.push(...answer.body.items);
    cursor = answer.body.next_cursor;
  } while (cursor);
  return items;
}

/** Posts the releases that the sandbox has images of, as CI would. Posting one again changes nothing. */
export async function seedReleases({ portal, tokens, route = '/services' }) {
  const services = (await listAll(portal, tokens.administrator, route)).map((one) => one.name);
  const wanted = services.flatMap((service) => VERSIONS.map((version) => ({ service, version }))).concat(EXTRA.filter(({ service }) => services.includes(service)));
  let posted = 0;
  for (const { service, version } of wanted) {
    const answer = await callWithToken(portal, tokens.administrator, 'POST', `/services/${service}/releases`, {
      version,
      commit: commitOf(service, version),
      digest: imageDigest(service, version),
      build_url: `https://jenkins.shop.example/job/build-${service}/${version.replaceAll('.', '')}/`,
    });
    if (answer.status === 201) posted += 1;
    else if (answer.status >= 300) refuse(`release ${version} of ${service}`, answer);
  }
  return { services: services.length, releases: wanted.length, posted };
}
