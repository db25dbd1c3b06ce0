// The people of the made-up company: they have asked for, and agreed to, everything in its history. None of them can sign in.

import { teams } from '../catalogue.mjs';
import { insertRows } from './rows.mjs';

const DEVELOPERS = 3;

/** Developers of every team and one manager each. Answers `team → {developers, manager}`, each `{id, login}`. */
export async function seedPeople(client, { random, issuer, at }) {
  const rows = [];
  const add = (login, role, team) => {
    const id = random.id(at);
    const when = new Date(at).toISOString();
    rows.push({ id, issuer, subject: login, login, name: login, email: `${login}@shop.example`, job_roles: [role], teams: [team], created_at: when, signed_in_at: when });
    return { id, login };
  };
  const byTeam = new Map(teams.map((team) => [team, {
    developers: Array.from({ length: DEVELOPERS }, (_, n) => add(`${team}.developer${n + 1}`, 'developer', team)),
    manager: add(`${team}.manager`, 'manager', team),
  }]));
  await insertRows(client, 'person', rows);
  return byTeam;
}
