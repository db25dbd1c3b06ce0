// A browser without a window: cookies, redirects and forms, enough to sign in as a person does.

/** Cookies by host. Like a browser's jar, it does not tell ports apart. */
export class Jar {
  #cookies = new Map();

  take(url, response) {
    const host = new URL(url).hostname;
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      const name = pair.slice(0, at);
      const of = (key) => attributes.find((one) => one.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const gone = Number(of('max-age')) <= 0 || (of('expires') && Date.parse(of('expires')) <= Date.now());
      const key = `${host} ${of('path') ?? '/'} ${name}`;
      if (gone) this.#cookies.delete(key);
      else this.#cookies.set(key, pair.slice(at + 1));
    }
  }

  header(url) {
    const { hostname, pathname } = new URL(url);
    return [...this.#cookies]
      .map(([key, value]) => [...key.split(' '), value])
      .filter(([host, path]) => host === hostname && (pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)))
      .map(([, , name, value]) => `${name}=${value}`)
      .join('; ');
  }

  has(name) {
    return [...this.#cookies.keys()].some((key) => key.endsWith(` ${name}`));
  }
}

const unescape = (text) => text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" })[name]);

/** The forms of a page: `{action, method, fields}`, with the values a browser would send untouched. */
export function forms(html, base) {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head, body]) => {
    const attributes = (text) => Object.fromEntries([...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name, value]) => [name, unescape(value ?? '')]));
    const { action = '', method = 'get' } = attributes(head);
    const fields = new URLSearchParams();
    for (const [, text] of body.matchAll(/<input\b([^>]*)>/g)) {
      const input = attributes(text);
      const unticked = ['radio', 'checkbox'].includes(input.type) && !('checked' in input);
      if (input.name && !unticked) fields.set(input.name, input.value ?? '');
    }
    return { action: new URL(action || base, base).href, method: method.toUpperCase(), fields };
  });
}

export class Browserless {
  jar = new Jar();

  /** One request; follows no redirect. */
  async request(url, { headers = {}, ...options } = {}) {
    const cookie = this.jar.header(url);
    const response = await fetch(url, { ...options, redirect: 'manual', headers: { ...(cookie ? { cookie } : {}), ...headers } });
    this.jar.take(url, response);
    return response;
  }

  /** Goes to a page as a link does: follows redirects. Returns `{url, status, html, response}` of the last one. */
  async visit(url, options = {}) {
    let at = url;
    let how = options;
    for (let hop = 0; hop < 15; hop += 1) {
      const response = await this.request(at, how);
      if (response.status < 300 || response.status >= 400 || !response.headers.has('location')) {
        return { url: at, status: response.status, html: await response.text(), response };
      }
      await response.arrayBuffer();
      at = new URL(response.headers.get('location'), at).href;
      how = { headers: { accept: 'text/html' } };
    }
    throw new Error(`too many redirects from ${url}`);
  }

  /** Sends a form with some fields filled in. */
  submit(form, values, from) {
    const fields = new URLSearchParams(form.fields);
    for (const [name, value] of Object.entries(values)) fields.set(name, value);
    const origin = new URL(from).origin;
    return this.visit(form.action, {
      method: form.method,
      body: fields,
      headers: { origin, 'sec-fetch-site': new URL(form.action).origin === origin ? 'same-origin' : 'same-site', accept: 'text/html' },
    });
  }
}
