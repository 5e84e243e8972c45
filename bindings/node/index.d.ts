// SPDX-License-Identifier: MIT
export declare class Secret {}
export declare class EnvresError extends Error {}
