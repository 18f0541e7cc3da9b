// From Node 24.9 on, Jest requires modules by itself; Node is started with --experimental-vm-modules.
module.exports = {
  transform: {},
};
