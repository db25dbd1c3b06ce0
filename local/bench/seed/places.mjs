// Where the made-up services run, read from the portal: what configuration says is in the database after its start.

/** `[{name, protected, account, namespace, regions: [{region, side, cluster}]}]`, passive region first. */
export async function readPlaces(client) {
  const { rows } = await client.query(`
    SELECT e.name, e.protected, e.account, e.namespace,
           json_agg(json_build_object('region', r.region, 'side', r.side, 'cluster', r.cluster) ORDER BY r.side DESC) AS regions
    FROM environment e JOIN environment_region r ON r.environment = e.name GROUP BY e.name ORDER BY e.position`);
  return rows;
}
