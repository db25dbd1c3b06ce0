// What may be wrong with package-lock.json.

/** Every problem, in words. A lock file that names a host works only where that host is reached. */
export function lockProblems(manifest, lock) {
  const problems = [];
  const packages = lock.packages ?? {};
  for (const [name, entry] of Object.entries(packages)) {
    if (entry.resolved) problems.push(`${name} names a download address; npm leaves it out with the .npmrc of this checkout`);
    if (name && !entry.version) problems.push(`${name} has no version`);
    for (const dependency of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      // npm looks upwards from the package that asks.
      const places = name.split('/node_modules/').map((_, depth, parts) => [...parts.slice(0, parts.length - depth), dependency].join('/node_modules/'));
      const found = [...places, `node_modules/${dependency}`].some((place) => packages[place]);
      if (!found) problems.push(`${dependency}, asked for by ${name || 'package.json'}, is not in the lock file`);
    }
  }
  for (const kind of ['dependencies', 'devDependencies']) {
    for (const [name, range] of Object.entries(manifest[kind] ?? {})) {
      if (packages['']?.[kind]?.[name] !== range) problems.push(`package.json asks for ${name} ${range}, the lock file does not`);
      if (!/^\d/.test(range)) problems.push(`${name} is ${range}; versions are exact here`);
    }
  }
  return problems;
}
