// The people of the local world. Their groups become job roles and teams by the portal's configuration, as they would with a real IdP.

import path from 'node:path';
import { keptSecret } from '../parts/files.mjs';

export const PASSWORD = 'portolan';
export const ONE_TIME_CODE = '123456';

const person = (login, name, does, groups) => ({ login, name, does, groups, email: `${login}@shop.example` });

export const people = [
  person('developer', 'Dana Developer', 'developer in team checkout', ['portolan-developers', 'team-checkout']),
  person('developer2', 'Deniz Developer', 'developer in team checkout', ['portolan-developers', 'team-checkout']),
  person('catalog-developer', 'Cleo Catalog', 'developer in team catalog', ['portolan-developers', 'team-catalog']),
  person('manager', 'Mira Manager', 'manager of team checkout', ['portolan-managers', 'team-checkout']),
  person('manager2', 'Mika Manager', 'manager of team catalog', ['portolan-managers', 'team-catalog']),
  person('auditor', 'Aino Auditor', 'auditor', ['portolan-auditors']),
  person('operator', 'Omar Operator', 'DevOps engineer in team platform', ['portolan-operators', 'team-platform']),
  person('administrator', 'Ada Administrator', 'administrator', ['portolan-administrators']),
  person('outsider', 'Otis Outsider', 'in no group, so without any right', []),
];

export const byLogin = (login) => people.find((one) => one.login === login);

/** What the ID token says about a person besides how they signed in. */
export const claimsOf = (one) => ({
  sub: one.login,
  preferred_username: one.login,
  name: one.name,
  email: one.email,
  email_verified: true,
  groups: one.groups,
});

/** What the portal proves itself to the IdP with: made once for a folder. */
export const clientSecret = (folder) => keptSecret(path.join(folder, 'secrets/oidc-client'));
