/**
 * Properties are tested on the same random cases in every run, so that failures are reproducible; `PROPERTY_SEED=2 npm
 * test` tries others.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 1) });
