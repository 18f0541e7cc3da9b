import { ones } from '@tapegrad/core';
import { Dense } from '@tapegrad/nn';
import { createApp, nextTick, reactive } from 'vue';
import { main } from './program.mjs';
import { saveAndRead } from './storage.mjs';
import TrainingLoss from './TrainingLoss.vue';

/** Throws where the component shows something else than a loss of almost 0. */
async function checkComponent() {
  createApp(TrainingLoss).mount('#app');
  await nextTick();
  const text = document.querySelector('#app').textContent;
  if (text !== 'The loss is 0.000') throw new Error(`the component shows: ${text}`);
}

/** Throws where a model in reactive state fails. */
function checkReactive() {
  const state = reactive({ model: new Dense(1, 1), x: ones([1, 1]) });
  state.model.forward(state.x).item();
}

globalThis.outcome = checkComponent()
  .then(checkReactive)
  .then(() => main(saveAndRead));
