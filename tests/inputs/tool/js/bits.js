// What the table shows as flags. Shifts everywhere, no tag among them.
export default {
  STATE_SHIFT: 2,
  pack(state, kind, paid) {
    return (state << 2) | (kind << 1) | (paid ? 1 : 0);
  },
  unpack(bits) {
    return { state: bits >> 2, kind: (bits >> 1) & 1, paid: (bits & 1) === 1 };
  },
  mask(n) {
    let m = 0;
    for (let i = 0; i < n; i++) m |= 1<<i;
    return m>>>0;
  },
  hash(text) {
    let h = 5381;
    for (const c of text) h = ((h << 5) + h) ^ c.charCodeAt(0);
    h ^= h << 13; h ^= h >>> 17; h ^= h << 5;
    return h >>> 0;
  },
  align(env, opts) {
    const bits = 1 << env.bits | 2;
    const wide = 1<<opts.width>>opts.cut;
    return bits<<wide;
  },
};
