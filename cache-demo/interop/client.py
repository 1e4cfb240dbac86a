"""What another gRPC client sees of the server: values, codes, the pushback of a refusal, and that its deadline holds there."""

import contextlib
import json
import signal
import subprocess
import sys
import time

import cache_pb2 as cache
import cache_pb2_grpc
import grpc

PUSHBACK = "grpc-retry-pushback-ms"
PATIENCE = 20  # seconds, for a machine that is busy with something else


def check(held, what):
    print(("ok      " if held else "FAILED  ") + what, flush=True)
    if not held:
        sys.exit(1)


@contextlib.contextmanager
def server(*arguments, drained=""):
    """A server on a port of the system's choice, asked to end by ctrl-c; `drained` is in what it says then."""
    command = [sys.argv[1], "server", "--listen", "127.0.0.1:0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        said, _, address = line.strip().rpartition(" ")
        check(said == "listening on", f"{' '.join(command[1:])}: {line.strip()}")
        yield address
        process.send_signal(signal.SIGINT)
        check(process.wait(PATIENCE) == 0, "it drains and ends with 0")
        if drained:
            check(drained in process.stdout.read(), f"its counters say: {drained}")
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def client(address, **retry):
    options = [("grpc.enable_retries", int(bool(retry)))]
    if retry:
        policy = {"name": [{"service": "cache.v1.CacheService"}], "retryPolicy": retry}
        options.append(("grpc.service_config", json.dumps({"methodConfig": [policy]})))
    with grpc.insecure_channel(address, options) as channel:
        yield cache_pb2_grpc.CacheServiceStub(channel)


def get(stub, key):
    return stub.Get(cache.GetRequest(key=key), timeout=PATIENCE).value


def refusal(call):
    """The error that the call ends with; `None` if it does not."""
    try:
        call()
    except grpc.RpcError as error:
        return error
    return None


def code(call):
    error = refusal(call)
    return error.code() if error else grpc.StatusCode.OK


def pushback(error):
    """Milliseconds, or `None` where the trailer is missing."""
    trailers = dict(error.trailing_metadata() or ())
    return int(trailers[PUSHBACK]) if PUSHBACK in trailers else None


def values_and_codes():
    with server() as address, client(address) as stub:
        check(get(stub, "123") == b"123", "Get: a value that is there from the start")
        stub.Store(cache.StoreRequest(key="key", value=b"\x00\xff"), timeout=PATIENCE)
        check(get(stub, "key") == b"\x00\xff", "Store, and Get finds it, byte for byte")
        items = [(item.key, item.value) for item in stub.Dump(cache.DumpRequest(), timeout=PATIENCE)]
        expected = [("123", b"123"), ("231", b"231"), ("key", b"\x00\xff")]
        check(items == expected, "Dump: all of it, in the order of the keys, and the stream ends")
        missing = code(lambda: get(stub, "nothing here"))
        check(missing == grpc.StatusCode.NOT_FOUND, "Get of an unknown key is NOT_FOUND")
        nameless = code(lambda: get(stub, ""))
        check(nameless == grpc.StatusCode.INVALID_ARGUMENT, "Get of no key is INVALID_ARGUMENT")


def rate_limit():
    with server("--rate-limit", "2") as address, client(address) as stub:
        refused = None
        for _ in range(200):
            refused = refused or refusal(lambda: get(stub, "123"))
        check(refused is not None, "200 calls in a row are too many where 2 a second are allowed")
        check(refused.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, "one too many is RESOURCE_EXHAUSTED")
        wait = pushback(refused)
        check(wait is not None and 0 < wait <= 1000, f"it is told to come back: {PUSHBACK} {wait}")

        for _ in range(10):
            wait = pushback(refused)
            check(wait is not None and wait > 0, f"a refusal says when to come back: {PUSHBACK} {wait}")
            time.sleep(wait / 1000)
            refused = refusal(lambda: get(stub, "123"))
            if refused is None:
                break
        check(refused is None, "whoever comes back when told is served")

        # The client's own backoff is far too short to be served: only the pushback makes this work.
        retry = {
            "maxAttempts": 3,
            "initialBackoff": "0.001s",
            "maxBackoff": "0.001s",
            "backoffMultiplier": 1,
            "retryableStatusCodes": ["RESOURCE_EXHAUSTED"],
        }
        with client(address, **retry) as patient:
            check(get(patient, "123") == b"123", "a client that retries by gRPC's own rules obeys it")


def dumps():
    # Long enough for the second to be asked for, and answered, before the first is over.
    with server("--max-dumps", "1", "--work", "2s") as address, client(address) as stub:
        first = stub.Dump(cache.DumpRequest(), timeout=PATIENCE)
        next(first)
        second = refusal(lambda: list(stub.Dump(cache.DumpRequest(), timeout=PATIENCE)))
        check(
            second is not None and second.code() == grpc.StatusCode.RESOURCE_EXHAUSTED,
            "a second Dump beside one that is still being sent is RESOURCE_EXHAUSTED",
        )
        check(pushback(second) is None, "nobody knows when that one ends: no pushback")
        check(get(stub, "123") == b"123", "a Get beside it is served")
        check(len(list(first)) == 1, "the first Dump arrives whole")
        check(len(list(stub.Dump(cache.DumpRequest(), timeout=PATIENCE))) == 2, "then there is room for another")


def faults():
    with server("--fault-error-rate", "1") as address, client(address) as stub:
        check(code(lambda: get(stub, "123")) == grpc.StatusCode.UNAVAILABLE, "an injected error is UNAVAILABLE")
    with server("--fault-latency", "300ms") as address, client(address) as stub:
        began = time.monotonic()
        check(get(stub, "123") == b"123", "an injected delay is answered")
        check(time.monotonic() - began >= 0.3, "and late")


def deadlines():
    skipping = ("--workers", "1", "--work", "500ms", "--skip-expired")
    with server(*skipping, drained="1 pieces of work skipped") as address, client(address) as stub:
        first = stub.Get.future(cache.GetRequest(key="123"), timeout=PATIENCE)
        time.sleep(0.1)  # it has the only worker by now
        hasty = code(lambda: stub.Get(cache.GetRequest(key="231"), timeout=0.1))
        check(hasty == grpc.StatusCode.DEADLINE_EXCEEDED, "a Get that cannot wait is DEADLINE_EXCEEDED")
        check(first.result().value == b"123", "the one before it is served, and then the work of the other is skipped")


values_and_codes()
rate_limit()
dumps()
deadlines()
faults()
