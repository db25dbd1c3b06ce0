/** Thrown by a stage that cannot run here; its message says why and what to do about it. */
export class Skip extends Error {}
