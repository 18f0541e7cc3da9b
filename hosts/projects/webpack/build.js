/** webpack needs no setting: it is called by its API here, to do without its command line. */

import webpack from 'webpack';

webpack({ mode: 'production', context: import.meta.dirname, entry: './main.js' }, (error, stats) => {
  if (error ?? stats.hasErrors()) throw error ?? new Error(stats.toString());
});
