// Many rows at once: Postgres reads them from one JSON text a batch, by the names of the table's columns.

import pg from 'pg';

const BATCH = 2_000;

/** A connection for seeding, as the owner of the schema. */
export async function connect(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return client;
}

/** Inserts `rows`, an iterable of objects that name every column without a default. Answers how many. */
export async function insertRows(client, table, rows) {
  let batch = [];
  let count = 0;
  const send = async () => {
    if (batch.length === 0) return;
    const columns = Object.keys(batch[0]).map((name) => client.escapeIdentifier(name)).join(', ');
    const sql = `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1)`;
    count += (await client.query(sql, [JSON.stringify(batch)])).rowCount;
    batch = [];
  };
  for (const row of rows) {
    batch.push(row);
    if (batch.length === BATCH) await send();
  }
  await send();
  return count;
}
