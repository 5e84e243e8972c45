// SPDX-License-Identifier: MIT
'use strict';

/*
 * Compiles the addon into build/envres.node, with the C compiler and pkg-config alone: npm runs this
 * when the package is installed. Nothing is downloaded.
 *
 * CC, CFLAGS and LDFLAGS are heeded; PKG_CONFIG_PATH says where the library is, if elsewhere than
 * usual. The headers of Node-API are those of the package node-api-headers where it is installed,
 * else of Node's own include folder.
 */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const FLAGS = ['-std=c11', '-D_POSIX_C_SOURCE=200809L', '-O2', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra'];

const words = (text) => (text ?? '').split(/\s+/).filter(Boolean);

function fail(message) {
  console.error(`envres: ${message}`);
  process.exit(1);
}

function headers() {
  const folders = [];
  try {
    folders.push(require('node-api-headers').include_dir);
  } catch {
    // It need not be there.
  }
  folders.push(path.join(path.dirname(fs.realpathSync(process.execPath)), '../include/node'),
    '/usr/include/node', '/usr/include/nodejs/src');
  return folders.find((folder) => fs.existsSync(path.join(folder, 'node_api.h')))
    ?? fail('there is no node_api.h: npm install node-api-headers, or apt install libnode-dev');
}

function library() {
  try {
    return words(execFileSync('pkg-config', ['--cflags', '--libs', 'envres'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  } catch {
    return fail('pkg-config does not find libenvres: install it first, or set PKG_CONFIG_PATH');
  }
}

const sources = fs.readdirSync(path.join(__dirname, 'native')).filter((name) => name.endsWith('.c'));
const out = path.join(__dirname, 'build');
fs.mkdirSync(out, { recursive: true });
const compiler = words(process.env.CC ?? 'cc');
try {
  execFileSync(compiler[0], [...compiler.slice(1), ...FLAGS, ...words(process.env.CFLAGS),
    `-I${headers()}`, '-shared', '-pthread', ...sources.map((name) => path.join(__dirname, 'native', name)),
    ...library(), ...words(process.env.LDFLAGS), '-o', path.join(out, 'envres.node')],
  { stdio: 'inherit' });
} catch (error) {
  fail(error.code === 'ENOENT' ? `there is no compiler '${compiler[0]}'` : 'the addon does not compile');
}
