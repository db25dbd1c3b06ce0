// What Backstage 1.55.0 costs: the peer that the ratios are against.
//
// Measured in November 2026 on the same kind of machine (2 vCPU Xeon VM, Debian 12, loopback, no TLS) with 10,000 entities: catalog
// on PostgreSQL 15 with stock settings, Node 22, production build, guest sign-in, wrk with 20 connections, Chromium with an empty
// cache, medians of 5. Backstage does more than Portolan; each figure is of the page or call that is most like ours.

export const SOURCE = 'Backstage 1.55.0 with 10,000 entities, measured on the same kind of machine (2 vCPU), November 2026';

/** `/api/catalog/entities/by-query?limit=20&filter=kind=component&orderField=metadata.name,asc`: sorted, filtered, with a count. */
export const list = { perSecond: 80, p50: 244.2, p95: 304.8 };
/** `/api/catalog/entities?limit=20`: no order, no count. */
export const bareList = { perSecond: 356, p50: 54.0, p95: 72.1 };
/** First row of /catalog in an empty browser, ms. */
export const rowsVisible = 1869;
/** Of that page: bytes on the wire, and of them scripts, kB. */
export const transferred = 1235;
export const script = 1187;
/** Resident after 60 s of rest, and right after load, MB. */
export const memory = { idle: 523, loaded: 733 };
/** From process start until every entity is in its catalogue, s. */
export const imported = 78.9;
/** From process start to 200 on readiness, database in place, s. */
export const ready = 5.3;
