export default {
  transform: {},
};
