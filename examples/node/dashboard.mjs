// SPDX-License-Identifier: MIT
/*
 * A host in Node: serves the live release of an app over HTTP, in one environment.
 *
 *     node dashboard.mjs STORE KEY_FILE ENVIRONMENT APP [PORT]
 *
 * GET /pages/home.json answers with that part of the release, its tags resolved for the environment: a release or
 * a rollback by anybody is served from the next request on. Only public parts go out, and no secret does: a tag
 * that needs one is an error here. Needs the package envres and nothing else; any server that takes a function of
 * request and response takes new Dashboard(...).handle.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Context, Credential, EnvresError, Secret, Store, Template } from 'envres';

const TYPES = {
  '.json': [Context.JSON, 'application/json'], '.js': [Context.TEXT, 'text/javascript'],
  '.html': [Context.TEXT, 'text/html; charset=utf-8'],
};
const PLAIN = [Context.TEXT, 'text/plain; charset=utf-8'];

/** Requests share one scope; parsed parts are kept as long as it is served. */
export class Dashboard {
  #session;
  #scope;
  #parsed = new Map();
  #looking = null;

  constructor(session, scope) {
    this.#session = session;
    this.#scope = scope;
  }

  static async open(session, environment, app) {
    return new Dashboard(session, await session.scope(environment, { app }));
  }

  /** What is live now: one look at the file at a time, a fresh scope only when something changed. */
  async #current() {
    this.#looking ??= this.#session.latest(this.#scope).finally(() => { this.#looking = null; });
    const scope = await this.#looking;
    if (scope !== this.#scope) {
      this.#scope = scope;
      this.#parsed = new Map();
    }
  }

  /** Content type, text and release of a part; null: no such page. Rejects with EnvresError. */
  async page(name) {
    await this.#current();
    const scope = this.#scope;
    if (!scope.partIsPublic(name)) return null;
    const [context, type] = TYPES[path.posix.extname(name)] ?? PLAIN;
    if (!this.#parsed.has(name)) this.#parsed.set(name, new Template(scope.part(name), { context }));
    return { type, text: this.#parsed.get(name).render(scope, null, { noSecrets: true }), release: scope.release };
  }

  handle = async (request, response) => {
    let status = 200;
    let answer;
    try {
      answer = await this.page(request.url.replace(/^\/+/, '').replace(/\?.*/, ''));
      if (answer === null) [status, answer] = [404, { type: PLAIN[1], text: 'there is no such page', release: '' }];
    } catch (error) {
      // An error of the library never holds a value, so that it can be logged; visitors get its name.
      console.error(String(error));
      const code = error instanceof EnvresError ? error.code : 'error';
      [status, answer] = [500, { type: 'application/json', text: JSON.stringify({ error: code }), release: '' }];
    }
    response.writeHead(status, { 'Content-Type': answer.type, 'X-Release': answer.release });
    response.end(answer.text);
  };
}

async function main(file, keyFile, environment, app, port = '8000') {
  const bytes = await readFile(keyFile);
  const key = new Secret(bytes);
  bytes.fill(0);
  const store = await Store.open(file);
  const session = await store.session(Credential.rawKey(key));
  key.close();
  const dashboard = await Dashboard.open(session, environment, app);
  const server = createServer(dashboard.handle).listen(Number(port), '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${server.address().port}/`);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      server.close(() => {
        session.close();
        store.close();
      });
      server.closeIdleConnections?.();
    });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const given = process.argv.slice(2);
  if (given.length < 4 || given.length > 5) {
    console.error('usage: node dashboard.mjs STORE KEY_FILE ENVIRONMENT APP [PORT]');
    process.exit(2);
  }
  await main(...given);
}
