/** Measures work by the time that this process computes, since other tests run on the same cores. */

/** Returns a function that returns the milliseconds of CPU time since the call. */
export function startCpuTime(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}
