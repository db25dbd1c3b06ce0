// A load generator: so many connections, each asking again as soon as it has its answer, every answer timed.
//
// Written on bare sockets, because it shares the machine with what it measures: Node's own HTTP client costs several times as much
// for an answer as the portal does. It reads just enough HTTP/1.1 to know where an answer ends.

import net from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Asks `paths` in turn over `connections` keep-alive connections for `seconds` after `warmup` seconds that do not count.
 *
 * Answers `{seconds, requests, perSecond, p50, p95, p99, max, bytes, cpu}`: times in ms, `bytes` of one answer on average with its
 * head, `cpu` seconds this process used. Any answer but 200, or a connection that ends, is an error: such a number would be of no use.
 */
export async function load({ host, port, paths, headers = {}, connections = 20, seconds = 10, warmup = 2 }) {
  const lines = Object.entries({ host: `${host}:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const requests = paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\n${lines}\r\n`, 'latin1'));
  const run = { requests, paths, next: 0, times: new Times(), counting: false, stopped: false, bytes: 0 };
  const clients = Array.from({ length: connections }, () => new Client(run, host, port));
  try {
    const failed = Promise.race(clients.map((one) => one.failed));
    await Promise.race([Promise.all(clients.map((one) => one.start())), failed]);
    await Promise.race([sleep(warmup * 1000), failed]);
    const cpu = process.cpuUsage();
    const began = performance.now();
    run.counting = true;
    await Promise.race([sleep(seconds * 1000), failed]);
    run.counting = false;
    const took = (performance.now() - began) / 1000;
    const used = process.cpuUsage(cpu);
    if (run.times.count === 0) throw new Error(`no answer to ${paths[0]} within ${seconds} s`);
    return {
      seconds: took,
      requests: run.times.count,
      perSecond: run.times.count / took,
      ...run.times.percentiles(),
      bytes: run.bytes / run.times.count,
      cpu: (used.user + used.system) / 1e6,
    };
  } finally {
    run.stopped = true;
    for (const one of clients) one.end();
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Times in ms, all of them kept: percentiles are then exact. */
class Times {
  count = 0;
  #all = new Float64Array(1 << 16);

  add(ms) {
    if (this.count === this.#all.length) {
      const more = new Float64Array(this.#all.length * 2);
      more.set(this.#all);
      this.#all = more;
    }
    this.#all[this.count] = ms;
    this.count += 1;
  }

  percentiles() {
    const sorted = this.#all.slice(0, this.count).sort();
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) };
  }
}

class Client {
  #run;
  #socket;
  #connected;
  #fail;
  #asked = 0;
  #path = '';
  /** What has arrived of a head or of a chunk's first line, when a packet ended in the middle of it. */
  #part;
  #state = 'head';
  /** Bytes still to come of the body, or of the chunk with its line end. */
  #left = 0;
  #size = 0;

  constructor(run, host, port) {
    this.#run = run;
    this.failed = new Promise((_, reject) => { this.#fail = reject; });
    this.failed.catch(() => {}); // told to whoever races against it
    this.#socket = net.connect({ host, port, noDelay: true });
    this.#connected = new Promise((resolve) => this.#socket.once('connect', resolve));
    this.#socket.on('data', (data) => this.#take(data));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => run.stopped || this.#fail(new Error(`the server closed a connection after ${this.#path}`)));
  }

  async start() {
    await this.#connected;
    this.#ask();
  }

  end() {
    this.#socket.destroy();
  }

  #ask() {
    const run = this.#run;
    const at = run.next;
    run.next = (at + 1) % run.requests.length;
    this.#path = run.paths[at];
    this.#size = 0;
    this.#asked = performance.now();
    this.#socket.write(run.requests[at]);
  }

  #answered() {
    const run = this.#run;
    if (run.counting) {
      run.times.add(performance.now() - this.#asked);
      run.bytes += this.#size;
    }
    this.#state = 'head';
    if (!run.stopped) this.#ask();
  }

  #take(data) {
    this.#size += data.length;
    let rest = data;
    if (this.#part) {
      rest = Buffer.concat([this.#part, data]);
      this.#part = undefined;
    }
    while (rest.length > 0) {
      if (this.#state === 'head' || this.#state === 'chunk' || this.#state === 'end') {
        const end = this.#state === 'head' ? rest.indexOf(HEAD_END) : rest.indexOf('\r\n', 0, 'latin1');
        if (end < 0) {
          this.#part = rest;
          return;
        }
        const text = rest.latin1Slice(0, end);
        rest = rest.subarray(end + (this.#state === 'head' ? 4 : 2));
        if (this.#state === 'head') this.#head(text);
        else if (this.#state === 'chunk') this.#chunk(text);
        else this.#answered();
      } else {
        const taken = Math.min(this.#left, rest.length);
        this.#left -= taken;
        rest = rest.subarray(taken);
        if (this.#left === 0) {
          if (this.#state === 'body') this.#answered();
          else this.#state = 'chunk';
        }
      }
    }
  }

  #head(text) {
    const status = text.slice(9, 12);
    if (status !== '200') this.#fail(new Error(`GET ${this.#path} answered ${status}`));
    const length = /^content-length: *(\d+)/im.exec(text)?.[1];
    if (length !== undefined) {
      this.#left = Number(length);
      this.#state = 'body';
      if (this.#left === 0) this.#answered();
    } else if (/^transfer-encoding: *chunked/im.test(text)) this.#state = 'chunk';
    else this.#fail(new Error(`GET ${this.#path} answered without a length`));
  }

  #chunk(text) {
    const size = Number.parseInt(text, 16);
    if (Number.isNaN(size)) this.#fail(new Error(`GET ${this.#path} answered a broken chunk`));
    this.#left = size + 2;
    this.#state = size === 0 ? 'end' : 'in chunk';
  }
}
