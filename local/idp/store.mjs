// Where the IdP keeps sessions, grants and codes: in memory, written to a file shortly after each change, so that a restart of the
// local stack signs nobody out.

import { readJson, writeJson } from '../parts/files.mjs';

const WRITE_AFTER_MS = 250;

export class Store {
  #rows;
  #timer;

  constructor(file) {
    this.file = file;
    const now = Date.now() / 1000;
    this.#rows = new Map(Object.entries(readJson(file, {})).filter(([, row]) => !row.expires || row.expires > now));
  }

  get(key) {
    const row = this.#rows.get(key);
    if (!row) return undefined;
    if (row.expires && row.expires <= Date.now() / 1000) {
      this.#rows.delete(key);
      return undefined;
    }
    return row.value;
  }

  set(key, value, expiresIn) {
    this.#rows.set(key, { value, expires: expiresIn ? Math.floor(Date.now() / 1000) + expiresIn : undefined });
    this.#later();
  }

  /** Alters a row that is there, and keeps when it expires. */
  change(key, alter) {
    const value = this.get(key);
    if (!value) return;
    alter(value);
    this.#later();
  }

  delete(key) {
    if (this.#rows.delete(key)) this.#later();
  }

  /** Deletes every row for which `test(key, value)` holds. */
  sweep(test) {
    for (const [key, row] of this.#rows) if (test(key, row.value)) this.#rows.delete(key);
    this.#later();
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    writeJson(this.file, Object.fromEntries(this.#rows));
  }

  #later() {
    this.#timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS).unref();
  }
}

/** What ends with its grant; an unfinished sign-in names one too, but goes on. */
const OF_A_GRANT = /^(AccessToken|AuthorizationCode|RefreshToken):/;

/** The adapter class that oidc-provider asks for, one instance a model (Session, Grant, RefreshToken …). */
export function adapterOn(store) {
  return class Adapter {
    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      store.set(this.key(id), payload, expiresIn);
      if (this.model === 'Session') store.set(`uid:${payload.uid}`, id, expiresIn);
    }

    async find(id) {
      return store.get(this.key(id));
    }

    async findByUid(uid) {
      const id = store.get(`uid:${uid}`);
      return id && this.find(id);
    }

    async findByUserCode() {
      return undefined; // the device flow is off
    }

    async consume(id) {
      store.change(this.key(id), (payload) => { payload.consumed = Math.floor(Date.now() / 1000); });
    }

    async destroy(id) {
      store.delete(this.key(id));
    }

    async revokeByGrantId(grantId) {
      store.sweep((key, value) => value?.grantId === grantId && OF_A_GRANT.test(key));
    }
  };
}
