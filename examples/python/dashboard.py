# SPDX-License-Identifier: MIT
"""A host in Python: serves the live release of an app over HTTP, in one environment.

    python3 dashboard.py STORE KEY_FILE ENVIRONMENT APP [PORT]

GET /pages/home.json answers with that part of the release, its tags resolved for the environment: a
release or a rollback by anybody is served from the next request on. Only public parts go out, and no
secret does: a tag that needs one is an error here. Needs the package envres and nothing else; any WSGI
server takes Dashboard(session, environment, app).
"""
import json
import sys
import threading
from wsgiref.simple_server import make_server

import envres

TYPES = {".json": (envres.Context.JSON, "application/json"), ".js": (envres.Context.TEXT, "text/javascript"),
         ".html": (envres.Context.TEXT, "text/html; charset=utf-8")}


class Dashboard:
    """A WSGI application. Threads share one scope; parsed parts are kept as long as it is served."""

    def __init__(self, session, environment, app):
        self.session = session
        self.lock = threading.Lock()
        self.serving = (session.scope(environment, app=app), {})

    def current(self):
        """What is live now: one look at the file, a fresh scope only when something changed."""
        with self.lock:
            scope = self.session.latest(self.serving[0])
            if scope is not self.serving[0]:
                self.serving = (scope, {})
            return self.serving

    def page(self, path):
        """Content type, text and release of a part; None: no such page. Raises envres.Error."""
        scope, parsed = self.current()
        if not scope.part_is_public(path):
            return None
        context, kind = TYPES.get(path[path.rfind("."):], (envres.Context.TEXT, "text/plain; charset=utf-8"))
        if path not in parsed:
            parsed[path] = envres.Template(scope.part(path), context)
        return kind, parsed[path].render(scope, no_secrets=True), scope.release

    def __call__(self, environ, start_response):
        try:
            found = self.page(environ["PATH_INFO"].lstrip("/"))
            status = "200 OK" if found else "404 Not Found"
            kind, text, release = found or ("text/plain", "there is no such page", "")
        except envres.Error as error:
            # An error never holds a value, so that it can be logged; visitors get its name.
            print(error, file=environ["wsgi.errors"])
            status, kind, release = "500 Internal Server Error", "application/json", ""
            text = json.dumps({"error": error.name})
        start_response(status, [("Content-Type", kind), ("X-Release", release)])
        return [text.encode()]


def main(path, key_file, environment, app, port="8000"):
    with open(key_file, "rb") as file:
        key = envres.Secret(file.read())
    with envres.Store.open(path) as store, key:
        with store.session(envres.Credential.raw_key(key)) as session:
            with make_server("127.0.0.1", int(port), Dashboard(session, environment, app)) as server:
                server.serve_forever()


if __name__ == "__main__":
    if not 5 <= len(sys.argv) <= 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
