// SPDX-License-Identifier: MIT
import openfeature from './openfeature.js';

export default openfeature;
export const { EnvresProvider, underscored } = openfeature;
