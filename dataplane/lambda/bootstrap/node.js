// Speaks Lambda's Runtime API for a Node handler "file.function".
// Drawbridge runs this text on the standard input of node.
'use strict';
const http = require('node:http');
const path = require('node:path');
const fs = require('node:fs');
const { pathToFileURL } = require('node:url');
const { createRequire } = require('node:module');
const { PassThrough } = require('node:stream');

const env = process.env;
const api = new URL('http://' + env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/');
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
const streaming = Symbol.for('drawbridge.lambda.streaming');

function begin(method, where, headers) {
  return http.request({ host: api.hostname, port: api.port, method, path: api.pathname + where, headers, agent });
}

function call(method, where, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = begin(method, where, { 'Content-Type': 'application/json', ...headers });
    request.on('error', reject);
    request.on('response', (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
    });
    request.end(body);
  });
}

// errorOf is an error in the form that Lambda's Node runtime gives it.
function errorOf(thrown, type) {
  if (thrown instanceof Error || (thrown && typeof thrown === 'object' && 'stack' in thrown)) {
    return {
      errorType: type || thrown.name || 'Error',
      errorMessage: String(thrown.message),
      trace: String(thrown.stack).split('\n'),
    };
  }
  return { errorType: type || typeof thrown, errorMessage: String(thrown), trace: [] };
}

function say(error) {
  console.error('ERROR\t' + JSON.stringify(error));
}

async function failInit(error) {
  say(error);
  await call('POST', 'init/error', JSON.stringify(error), { 'Lambda-Runtime-Function-Error-Type': error.errorType });
  process.exit(1);
}

// The global that streaming handlers use.
globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[streaming] = true;
    return handler;
  },
  HttpResponseStream: class {
    static from(stream, prelude) {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.write(JSON.stringify(prelude));
      stream.write(Buffer.alloc(8)); // eight NULs end the prelude
      return stream;
    }
  },
};

async function load(name) {
  const at = name.lastIndexOf('.');
  const base = path.resolve(env.LAMBDA_TASK_ROOT, name.slice(0, at));
  const file = ['', '.js', '.mjs', '.cjs'].map((end) => base + end).find((f) => fs.existsSync(f) && fs.statSync(f).isFile());
  let loaded;
  try {
    if (!file) {
      const missing = new Error("Cannot find module '" + path.basename(base) + "'");
      missing.code = 'MODULE_NOT_FOUND';
      throw missing;
    }
    loaded = file.endsWith('.cjs') ? createRequire(file)(file) : await import(pathToFileURL(file).href);
  } catch (thrown) {
    const types = { MODULE_NOT_FOUND: 'Runtime.ImportModuleError', ERR_MODULE_NOT_FOUND: 'Runtime.ImportModuleError' };
    const type = thrown instanceof SyntaxError ? 'Runtime.UserCodeSyntaxError' : types[thrown && thrown.code];
    const error = errorOf(thrown, type);
    if (type) error.errorMessage = (thrown.name || 'Error') + ': ' + error.errorMessage;
    return failInit(error);
  }
  const found = name.slice(at + 1).split('.').reduce((o, key) => (o === undefined || o === null ? undefined : o[key]), loaded)
    ?? (loaded.default ? loaded.default[name.slice(at + 1)] : undefined);
  if (typeof found !== 'function') {
    const text = name + ' is undefined or not exported';
    return failInit({ errorType: 'Runtime.HandlerNotFound', errorMessage: text, trace: ['Runtime.HandlerNotFound: ' + text] });
  }
  return found;
}

function contextOf(headers, settle) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    succeed: (answer) => settle.resolve(answer),
    fail: (thrown) => settle.reject(thrown),
    done: (thrown, answer) => (thrown ? settle.reject(thrown) : settle.resolve(answer)),
  };
}

// pending settles the invocation that runs.
let pending = null;

// run calls a handler that answers by a promise, a callback or context.done.
function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    pending = { resolve, reject };
    const context = contextOf(headers, pending);
    const callback = (thrown, answer) => (thrown ? reject(thrown) : resolve(answer));
    const returned = handler(event, context, callback);
    if (returned && typeof returned.then === 'function') returned.then(resolve, reject);
  });
}

// A handler that neither answers nor leaves anything to wait for answers null,
// as on Lambda.
process.on('beforeExit', () => {
  if (pending) pending.resolve(null);
});

async function end(type, thrown) {
  const error = errorOf(thrown, type);
  error.errorMessage = thrown instanceof Error ? thrown.name + ': ' + thrown.message : String(thrown);
  say(error);
  try {
    if (current) await call('POST', 'invocation/' + current + '/error', JSON.stringify(error), { 'Lambda-Runtime-Function-Error-Type': error.errorType });
  } finally {
    process.exit(129);
  }
}
process.on('uncaughtException', (thrown) => end(thrown && thrown.name, thrown));
process.on('unhandledRejection', (thrown) => end('Runtime.UnhandledPromiseRejection', thrown));

let current = '';

async function answer(handler, event, headers) {
  let body;
  try {
    body = JSON.stringify(await run(handler, event, headers));
  } catch (thrown) {
    const error = errorOf(thrown);
    say(error);
    return call('POST', 'invocation/' + current + '/error', JSON.stringify(error), { 'Lambda-Runtime-Function-Error-Type': error.errorType });
  } finally {
    pending = null;
  }
  return call('POST', 'invocation/' + current + '/response', body === undefined ? 'null' : body);
}

// answerStream calls a handler of awslambda.streamifyResponse: what it writes
// goes out as it is written.
async function answerStream(handler, event, headers) {
  const stream = new PassThrough();
  let type = 'application/octet-stream';
  let request = null;
  const done = new Promise((resolve, reject) => {
    const open = () => {
      request = begin('POST', 'invocation/' + current + '/response', {
        'Content-Type': type, 'Transfer-Encoding': 'chunked', 'Lambda-Runtime-Function-Response-Mode': 'streaming',
        Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
      });
      request.on('error', reject);
      request.on('response', (response) => response.resume().on('end', resolve));
    };
    stream.on('data', (part) => {
      if (!request) open();
      if (!request.write(part)) {
        stream.pause();
        request.once('drain', () => stream.resume());
      }
    });
    stream.on('end', () => {
      if (!request) open();
      request.end();
    });
  });
  stream.setContentType = (given) => { type = given; };
  try {
    await handler(event, stream, contextOf(headers, { resolve() {}, reject() {} }));
  } catch (thrown) {
    const error = errorOf(thrown);
    say(error);
    if (!request) {
      stream.removeAllListeners();
      return call('POST', 'invocation/' + current + '/error', JSON.stringify(error), { 'Lambda-Runtime-Function-Error-Type': error.errorType });
    }
    request.addTrailers({
      'Lambda-Runtime-Function-Error-Type': error.errorType,
      'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(error)).toString('base64'),
    });
    stream.end();
  }
  return done;
}

async function main() {
  const handler = await load(env._HANDLER);
  for (;;) {
    const next = await call('GET', 'invocation/next');
    if (next.status !== 200) process.exit(1);
    current = next.headers['lambda-runtime-aws-request-id'];
    const trace = next.headers['lambda-runtime-trace-id'];
    if (trace) env._X_AMZN_TRACE_ID = trace;
    const event = JSON.parse(next.body.toString('utf8'));
    await (handler[streaming] ? answerStream : answer)(handler, event, next.headers);
    current = '';
  }
}

main().catch(() => process.exit(1)); // Drawbridge is gone
