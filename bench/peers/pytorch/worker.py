"""A worker process for PyTorch: reads a job from its only argument, as ``src/worker.ts`` does, and answers in kind."""

import json
import os
import resource
import sys
import time

import torch
from inputs import INPUTS
from programs import PROGRAMS

MEMORY_INTERVAL = 20
DIGEST_ENTRIES = 24


def say(**message):
    print(json.dumps(message), flush=True)


def status_kilobytes(key):
    with open("/proc/self/status", encoding="utf8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key))


def resident():
    """Memory that the process holds now, in bytes; its peak where the system does not tell."""
    return status_kilobytes("VmRSS:") * 1024 if os.path.exists("/proc/self/status") else peak_memory()


def peak_memory():
    if os.path.exists("/proc/self/status"):
        return status_kilobytes("VmHWM:") * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def seconds_of(step, repetitions):
    start = time.perf_counter()
    for _ in range(repetitions):
        step()
    return time.perf_counter() - start


def steps_per_second(step, sample_seconds, samples):
    """The same procedure as in ``src/timing.ts``."""
    seconds_of(step, 1)
    repetitions = 1
    seconds = seconds_of(step, repetitions)
    while seconds < sample_seconds:
        repetitions *= 2
        seconds = seconds_of(step, repetitions)
    if seconds > 10 * sample_seconds:
        return [repetitions / seconds]
    return [repetitions / seconds_of(step, repetitions) for _ in range(samples)]


def digest(values):
    values = values.reshape(-1).to(torch.float64)
    count = min(len(values), DIGEST_ENTRIES)
    return {
        "meanSquare": values.square().mean().item(),
        "entries": [values[n * len(values) // count].item() for n in range(count)],
    }


def measure_time(case, step, _read, job):
    say(kind="time", id=case, perSecond=steps_per_second(step, job["sampleSeconds"], job["samples"]))


def check(case, step, read, job):
    steps = []
    for _ in range(job["steps"]):
        step()
        steps.append({name: digest(values) for name, values in read().items()})
    say(kind="check", id=case, steps=steps)


def start(_case, step, _read, _job):
    step()


def watch_memory(case, step, _read, job):
    for n in range(1, job["steps"] + 1):
        step()
        if n % MEMORY_INTERVAL == 0:
            say(kind="memory", id=case, step=n, bytes=resident())


MODES = {"time": measure_time, "check": check, "start": start, "memory": watch_memory}


def main():
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    dtype = getattr(torch, job["dtype"])
    say(kind="about", text=f"PyTorch {torch.__version__}")
    for case in job["cases"]:
        spec = case["spec"]
        try:
            step, read = PROGRAMS[spec["family"]](spec, INPUTS[spec["family"]](spec), dtype)
            MODES[job["mode"]](case["id"], step, read, job)
        except Exception as error:  # One case that fails must not take the others with it.
            say(kind="error", id=case["id"], text=str(error))
    say(kind="peak", bytes=peak_memory())
    sys.stdout.flush()
    os._exit(0)


main()
