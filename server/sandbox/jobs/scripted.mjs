// Builds that do nothing but behave: they succeed, fail, hang, refuse to die or talk a lot. Chosen by /_world/jenkins.
const [behaviour, count] = process.argv.slice(2);

switch (behaviour) {
  case 'succeed':
    console.log(`Nothing to do for ${process.env.SERVICE ?? 'no service'}`);
    break;
  case 'fail':
    console.log('Working ...');
    console.error('ERROR: the deployment failed on purpose');
    process.exitCode = 1;
    break;
  case 'hang':
    process.on('SIGTERM', () => {
      console.log('Received SIGTERM, ending');
      process.exit(143);
    });
    console.log('Waiting for something that never comes ...');
    setInterval(() => {}, 60_000);
    break;
  case 'stubborn':
    process.on('SIGTERM', () => console.log('Received SIGTERM, going on'));
    console.log('Waiting for something that never comes ...');
    setInterval(() => {}, 60_000);
    break;
  case 'lines':
    for (let number = 1; number <= Number(count); number += 1) {
      console.log(`line ${number} of ${count}: äöü <b>&amp;`);
    }
    break;
  default:
    console.error(`ERROR: no behaviour ${behaviour}`);
    process.exitCode = 2;
}
