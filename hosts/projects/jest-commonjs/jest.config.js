module.exports = {
  // The packages are modules of ECMAScript, which Jest has to be told to compile.
  transform: { '\\.m?js$': ['babel-jest', { plugins: ['@babel/plugin-transform-modules-commonjs'] }] },
  transformIgnorePatterns: ['/node_modules/(?!(@tapegrad|pure-rand)/)'],
};
