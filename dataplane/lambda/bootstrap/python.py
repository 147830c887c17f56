"""Speaks Lambda's Runtime API for a Python handler "file.function".

Drawbridge runs this text on the standard input of python3.
"""
import http.client
import importlib
import json
import os
import sys
import time
import traceback


def error_of(kind, message, trace=(), request_id=""):
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": list(trace)}


class Context:
    """What Lambda hands a handler beside the event."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        print(message)


class Runtime:
    def __init__(self):
        host, _, token = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
        self.prefix = "/" + token + "/2018-06-01/runtime/"
        self.connection = http.client.HTTPConnection(host)

    def call(self, method, path, body=None, kind=None):
        headers = {"Content-Type": "application/json"}
        if kind:
            headers["Lambda-Runtime-Function-Error-Type"] = kind
        self.connection.request(method, self.prefix + path, body, headers)
        response = self.connection.getresponse()
        return response, response.read()

    def fail_init(self, error):
        print("[ERROR] %s: %s" % (error["errorType"], error["errorMessage"]), *error["stackTrace"], sep="\n")
        self.call("POST", "init/error", json.dumps(error), error["errorType"])
        sys.exit(1)


def load(name, runtime):
    """Returns the function that "folder/file.function" names."""
    path, _, function = name.rpartition(".")
    module = path.replace("/", ".")
    sys.path[0:0] = [os.environ["LAMBDA_TASK_ROOT"]]
    try:
        loaded = importlib.import_module(module)
    except SyntaxError as e:
        line = '  File "%s" Line %s\n    %s' % (e.filename, e.lineno, (e.text or "").strip())
        runtime.fail_init(error_of("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module, e), [line]))
    except ImportError as e:
        runtime.fail_init(error_of("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, e)))
    except BaseException as e:
        runtime.fail_init(error_of(type(e).__name__, str(e), frames(e)))
    if not hasattr(loaded, function):
        runtime.fail_init(error_of("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, module)))
    return getattr(loaded, function)


def frames(exception):
    """The traceback without the frames of this file and of the import system."""
    kept = [f for f in traceback.extract_tb(exception.__traceback__)
            if f.filename != "<stdin>" and not f.filename.startswith("<frozen")]
    return traceback.format_list(kept)


def run(handler, event, headers):
    """Returns (body, None) or (error, its type)."""
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        answer = handler(json.loads(event), Context(headers))
    except Exception as e:
        trace = frames(e)
        print("[ERROR] %s: %s" % (type(e).__name__, e), "Traceback (most recent call last):", *[t.rstrip() for t in trace], sep="\n")
        return json.dumps(error_of(type(e).__name__, str(e), trace, request_id)), type(e).__name__
    try:
        return json.dumps(answer), None
    except Exception as e:
        kind = "Runtime.MarshalError"
        return json.dumps(error_of(kind, "Unable to marshal response: %s" % e, (), request_id)), kind


def main():
    runtime = Runtime()
    handler = load(os.environ["_HANDLER"], runtime)
    while True:
        response, event = runtime.call("GET", "invocation/next")
        if response.status != 200:
            sys.exit(1)
        trace = response.headers.get("Lambda-Runtime-Trace-Id")
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        body, kind = run(handler, event, response.headers)
        path = "invocation/" + response.headers["Lambda-Runtime-Aws-Request-Id"] + ("/error" if kind else "/response")
        runtime.call("POST", path, body, kind)


try:
    main()
except (OSError, http.client.HTTPException):
    sys.exit(1)  # Drawbridge is gone
