/** 更新之后：以前留下的页面一样的抄过来，变了的重新取；都接上了才丢掉旧的。断了下次接着来。 */
import { Build, keptBuilds, WrongFile } from "../offline/build.js";

const AT_ONCE = 4;
/** 没有接完时，旧的最多留几次构建的。 */
const MOST_OLDER = 2;

/**
 * @param {Build} build
 * @param {import("./clients.js").ClientBuilds} clients
 */
export async function catchUp(build, clients) {
  const builds = await keptBuilds(build.scope);
  const older = builds.slice(0, builds.findIndex((one) => one.id === build.id)).reverse();
  if (!older.length) return;
  const present = new Set((await build.kept()).map(({ path }) => path));
  const wanted = new Set((await Promise.all(older.map((one) => one.kept()))).flat().map(({ path }) => path));
  const queue = [...wanted].filter((path) => !present.has(path));
  const move = async () => {
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) await moveOne(build, path, older);
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, move));
  } catch (error) {
    await drop(older.slice(MOST_OLDER), clients);
    throw error;
  }
  await drop(older, clients);
}

/** 还有页面开着的留着。 @param {Build[]} builds @param {import("./clients.js").ClientBuilds} clients */
async function drop(builds, clients) {
  const used = await clients.inUse();
  for (const one of builds) if (!used.has(one.id)) await caches.delete(one.cacheName);
}

/** @param {Build} build @param {string} path @param {Build[]} older */
async function moveOne(build, path, older) {
  if ((await build.find(path)) === null || (await build.copy(path, older))) return; // 新站没有这一页，或一字未变
  try {
    await build.take(path);
  } catch (error) {
    if (!(error instanceof WrongFile)) throw error;
    await build.take(path, { cache: "reload" });
  }
}
