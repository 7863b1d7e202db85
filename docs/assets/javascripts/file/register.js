/** 离线包没有 service worker。 */
export function register() {}
