// The IdP as a process of its own: node local/idp/main.mjs PORT PORTAL_ADDRESS FOLDER

import { startIdp } from './server.mjs';

const [port, portal, folder] = process.argv.slice(2);
const idp = await startIdp({ port: Number(port), portal, folder });
console.log(`listening on ${idp.issuer}`);

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await idp.stop();
    process.exit(0);
  });
}
