#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes crypto.json: known answers for every sealed format, from fixed inputs.

A second implementation, read from the formats alone and sharing no code with the library: BLAKE2b
is hashlib's, the rest is here (ChaCha20, Poly1305, X25519, Ed25519, after RFC 8439, 7748, 8032 and
draft-irtf-cfrg-xchacha). Argon2id alone comes from libsodium, by ctypes: in Python it would take
minutes. Not fast, not constant in time, for tests only.

    python3 crypto.py > crypto.json
    python3 crypto.py --digests > digests.json
"""
import ctypes
import ctypes.util
import hashlib
import json
import struct
import sys

M32 = 0xFFFFFFFF
P1305 = (1 << 130) - 5
P = (1 << 255) - 19


# ---- BLAKE2b, ChaCha20, Poly1305 ----

def blake(person, message, key=b"", salt=b"", size=32):
    return hashlib.blake2b(message, digest_size=size, key=key, salt=salt,
                           person=person.encode()).digest()


def quarter(s, a, b, c, d):
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & M32
        v = s[z] ^ s[x]
        s[z] = ((v << turn) | (v >> (32 - turn))) & M32


def rounds(state):
    s = list(state)
    for _ in range(10):
        quarter(s, 0, 4, 8, 12)
        quarter(s, 1, 5, 9, 13)
        quarter(s, 2, 6, 10, 14)
        quarter(s, 3, 7, 11, 15)
        quarter(s, 0, 5, 10, 15)
        quarter(s, 1, 6, 11, 12)
        quarter(s, 2, 7, 8, 13)
        quarter(s, 3, 4, 9, 14)
    return s


CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")


def chacha_block(key, counter, nonce12):
    state = CONSTANTS + struct.unpack("<8I", key) + (counter,) + struct.unpack("<3I", nonce12)
    return struct.pack("<16I", *[(a + b) & M32 for a, b in zip(rounds(state), state)])


def hchacha(key, nonce16):
    s = rounds(CONSTANTS + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16))
    return struct.pack("<8I", *(s[0:4] + s[12:16]))


def keystream(key, nonce24, size):
    """The one-time Poly1305 key, and the stream from block 1 on."""
    sub = hchacha(key, nonce24[:16])
    n12 = b"\0\0\0\0" + nonce24[16:]
    stream = b"".join(chacha_block(sub, 1 + i, n12) for i in range((size + 63) // 64))
    return chacha_block(sub, 0, n12)[:32], stream[:size]


def pad16(data):
    return data + b"\0" * (-len(data) % 16)


def mac_text(aad, cipher):
    return pad16(aad) + pad16(cipher) + struct.pack("<QQ", len(aad), len(cipher))


def poly_parts(one_time):
    r = int.from_bytes(one_time[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    return r, int.from_bytes(one_time[16:], "little")


def poly1305(one_time, text):
    r, s = poly_parts(one_time)
    acc = 0
    for i in range(0, len(text), 16):
        block = text[i:i + 16]
        acc = (acc + int.from_bytes(block, "little") + (1 << (8 * len(block)))) * r % P1305
    return ((acc + s) & ((1 << 128) - 1)).to_bytes(16, "little")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def aead(key, nonce, aad, plain):
    one_time, stream = keystream(key, nonce, len(plain))
    cipher = xor(plain, stream)
    return cipher + poly1305(one_time, mac_text(aad, cipher))


# ---- X25519, Ed25519 ----

def x25519(secret, u_bytes):
    k = bytearray(secret)
    k[0] &= 248
    k[31] = (k[31] & 127) | 64
    k = int.from_bytes(k, "little")
    x1 = int.from_bytes(u_bytes, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = (k >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb = a * a % P, b * b % P
        e, da, cb = aa - bb, d * a % P, c * b % P
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


BASE_U = (9).to_bytes(32, "little")
D = -121665 * pow(121666, P - 2, P) % P
L = (1 << 252) + 27742317777372353535851937790883648493


def ed_add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def ed_mul(k, p):
    q = (0, 1, 1, 0)
    while k:
        if k & 1:
            q = ed_add(q, p)
        p = ed_add(p, p)
        k >>= 1
    return q


def ed_base():
    y = 4 * pow(5, P - 2, P) % P
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x & 1:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = ed_base()


def ed_pack(p):
    z = pow(p[2], P - 2, P)
    x, y = p[0] * z % P, p[1] * z % P
    return (y | ((x & 1) << 255)).to_bytes(32, "little")


def ed_secret(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    return a, h[32:]


def ed_public(seed):
    return ed_pack(ed_mul(ed_secret(seed)[0], BASE))


def ed_sign(seed, message):
    a, prefix = ed_secret(seed)
    public = ed_public(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    big_r = ed_pack(ed_mul(r, BASE))
    h = int.from_bytes(hashlib.sha512(big_r + public + message).digest(), "little") % L
    return big_r + ((r + h * a) % L).to_bytes(32, "little")


# ---- libsodium's KDFs ----

def kdf(key, context, number):
    return blake(context, b"", key=key, salt=struct.pack("<QQ", number, 0))


def argon2id(password, salt, passes, memory):
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
    out = ctypes.create_string_buffer(32)
    rc = sodium.crypto_pwhash(out, ctypes.c_ulonglong(32), password,
                              ctypes.c_ulonglong(len(password)), salt,
                              ctypes.c_ulonglong(passes), ctypes.c_size_t(memory), 2)
    assert rc == 0
    return out.raw


# ---- the library's encodings and formats ----

def u8(v):
    return struct.pack("<B", v)


def u32(v):
    return struct.pack("<I", v)


def u64(v):
    return struct.pack("<Q", v & ((1 << 64) - 1))


def text(v):
    v = v.encode() if isinstance(v, str) else v
    return u32(len(v)) + v


def padded(n):
    if n <= 1024:
        return (n + 63) // 64 * 64
    e = n.bit_length() - 1
    mask = (1 << (e - e.bit_length())) - 1
    return (n + mask) & ~mask


def committed(person, key, salt, nonce_and_aad, nonce, aad, plain):
    material = blake(person, nonce_and_aad, key=key, salt=salt, size=64)
    return material[32:], aead(material[:32], nonce, aad, plain)


def record(key, gen, label, value, nonce, r):
    ids = bytes.fromhex(label["workspace"]) + bytes.fromhex(label["environment"])
    what = u8(label["kind"]) + bytes.fromhex(label["object"]) + text(label["field"])
    what += text(label["name"]) + u64(label["revision"])
    content = blake("envres1/content", ids + what + u8(label["type"]) + value, key=r)
    n = padded(37 + len(value))
    header = u8(1) + u8(1) + u8(1 if n > 1024 else 0) + u8(0) + u32(gen)
    aad = header + ids + what + u8(label["secret"]) + u8(label["type"]) + content
    plain = (r + u8(label["type"]) + text(value)).ljust(n, b"\0")
    commit, cipher = committed("envres1/record", key, b"", nonce + aad, nonce, aad, plain)
    return content, header + nonce + commit + cipher


def fixed(name, size):
    """Bytes that look random and are the same each time."""
    return hashlib.shake_128(b"libenvres vectors: " + name.encode()).digest(size)


def record_rows():
    rows = []
    cases = (("empty value", b"", 1, False, "", 1), ("a secret of 32 bytes", fixed("v", 32), 1, True, "", 7),
             ("a field", b"db.internal", 1, False, "host", 2), ("27 bytes fill one block", b"x" * 27, 2, True, "", 1),
             ("28 bytes need the next", b"x" * 28, 2, True, "", 1), ("987 bytes fill 1 KiB", b"y" * 987, 4, False, "", 9),
             ("988 bytes are Padme", b"y" * 988, 4, False, "", 1 << 40), ("5000 bytes", fixed("long", 5000), 5, True, "", 3))
    for i, (name, value, kind, secret, field, revision) in enumerate(cases):
        label = {"workspace": fixed("ws", 16).hex(), "environment": fixed("env", 16).hex(),
                 "object": fixed("object%d" % i, 16).hex(), "kind": 2 if field else 1, "type": kind,
                 "secret": int(secret), "field": field, "name": "crm" if field else "DATABASE_URL",
                 "revision": revision}
        key, nonce, r = fixed("k%d" % i, 32), fixed("n%d" % i, 24), fixed("r%d" % i, 32)
        content, sealed = record(key, i + 1, label, value, nonce, r)
        rows.append({"title": name, "key": key.hex(), "generation": i + 1, "label": label, "value": value.hex(),
                     "random": (nonce + r).hex(), "content": content.hex(), "record": sealed.hex()})
    return rows


def two_keys():
    """A ciphertext that the AEAD alone accepts under two keys: the two blocks that hold r are free,
    and two linear equations over GF(2^130 - 5) fix them for a tag of our choice."""
    label = {"workspace": fixed("ws", 16).hex(), "environment": fixed("env", 16).hex(),
             "object": fixed("two", 16).hex(), "kind": 1, "type": 1, "secret": 1, "field": "",
             "name": "TOKEN", "revision": 1}
    value, content = b"seen under one", fixed("two content", 32)
    keys, nonce = (fixed("key a", 32), fixed("key b", 32)), fixed("two nonce", 24)
    n = padded(37 + len(value))
    header = u8(1) + u8(1) + u8(0) + u8(0) + u32(1)
    aad = header + bytes.fromhex(label["workspace"] + label["environment"]) + u8(1)
    aad += bytes.fromhex(label["object"]) + text("") + text("TOKEN") + u64(1) + u8(1) + u8(1) + content
    material = [blake("envres1/record", nonce + aad, key=k, size=64) for k in keys]
    one_time, streams = zip(*[keystream(m[:32], nonce, n) for m in material])
    tail = xor((u8(1) + text(value)).ljust(n - 32, b"\0"), streams[0][32:])
    base = mac_text(aad, b"\0" * 32 + tail)
    at, count = len(pad16(aad)) // 16, len(base) // 16
    parts = [poly_parts(o) for o in one_time]
    known = []
    for r, _ in parts:
        acc = 0
        for i in range(count):
            block = int.from_bytes(base[16 * i:16 * i + 16], "little") + (1 << 128)
            acc = (acc + (0 if i in (at, at + 1) else block)) * r % P1305
        known.append(acc)
    (ra, sa), (rb, sb) = parts
    a0, a1, b0, b1 = (pow(r, count - i, P1305) for r in (ra, rb) for i in (at, at + 1))
    inverse = pow((a0 * b1 - a1 * b0) % P1305, P1305 - 2, P1305)
    for attempt in range(1 << 16):
        tag = int.from_bytes(fixed("tag%d" % attempt, 16), "little")
        ha, hb = (((tag - s) & ((1 << 128) - 1)) - k for s, k in zip((sa, sb), known))
        x, y = (ha * b1 - hb * a1) * inverse % P1305, (hb * a0 - ha * b0) * inverse % P1305
        if x >> 128 == 1 and y >> 128 == 1:
            break
    else:
        raise SystemExit("no two-key ciphertext found")
    cipher = b"".join((v - (1 << 128)).to_bytes(16, "little") for v in (x, y)) + tail
    for o in one_time:
        assert poly1305(o, mac_text(aad, cipher)) == tag.to_bytes(16, "little")
    sealed = cipher + tag.to_bytes(16, "little")
    return {"label": label, "value": value.hex(), "content": content.hex(), "nonce": nonce.hex(), "aad": aad.hex(),
            "key_a": keys[0].hex(), "key_b": keys[1].hex(), "aead_key_a": material[0][:32].hex(),
            "aead_key_b": material[1][:32].hex(), "record_a": (header + nonce + material[0][32:] + sealed).hex(),
            "record_b": (header + nonce + material[1][32:] + sealed).hex()}


def head_row():
    row = {"object": fixed("ho", 16).hex(), "field": "host", "revision": 12, "state": 1, "class": 2, "name": "crm",
           "kind": "postgres", "secret": 1, "content": fixed("hc", 32).hex(), "author": fixed("ha", 16).hex(),
           "time": 1700000000123}
    key = fixed("row key", 32)
    encoded = bytes.fromhex(row["object"]) + text(row["field"]) + u64(row["revision"]) + u8(row["state"])
    encoded += u8(row["class"]) + text(row["name"]) + text(row["kind"]) + u8(row["secret"])
    encoded += bytes.fromhex(row["content"] + row["author"]) + u64(row["time"])
    return {"key": key.hex(), "row": row, "hash": blake("envres1/rowset", encoded, key=key).hex()}


def head():
    env = {"key": "production", "label": "Production", "color": "#d00", "position": 3, "protected": 1, "approvals": 2,
           "require_reason": 1, "editors_reveal": 0, "rollback_approvals": 1, "fixed": 1, "generation": 4}
    h = {"epoch": 9, "revision": 8, "current_count": 7, "kept_count": 12, "current": fixed("cur", 32).hex(),
         "kept": fixed("kept", 32).hex()}
    key, nonce, ws, en = fixed("head key", 32), fixed("head nonce", 24), fixed("ws", 16), fixed("env", 16)
    header = u8(1) + u8(1) + u8(0) + u8(0) + u32(env["generation"])
    aad = header + ws + en + text(env["key"]) + text(env["label"]) + text(env["color"]) + u64(env["position"])
    aad += u8(env["protected"]) + u64(env["approvals"]) + u8(env["require_reason"]) + u8(env["editors_reveal"])
    aad += u8(env["rollback_approvals"]) + u8(env["fixed"]) + u32(env["generation"])
    plain = b"".join(u64(h[k]) for k in ("epoch", "revision", "current_count", "kept_count"))
    plain += bytes.fromhex(h["current"] + h["kept"])
    commit, cipher = committed("envres1/head", key, b"", nonce + aad, nonce, aad, plain)
    return {"key": key.hex(), "workspace": ws.hex(), "environment": en.hex(), "row": env, "head": h,
            "random": nonce.hex(), "sealed": (header + nonce + commit + cipher).hex()}


def slots():
    rows = []
    cases = (("passphrase", 1, b"correct horse", "slot-pwd"), ("passphrase with NUL and no UTF-8", 1, b"a\0b\xff", "slot-pwd"),
             ("raw key", 2, fixed("raw", 32), "slot-raw"), ("provider", 3, fixed("provider key", 32), "slot-ext"))
    for i, (name, kind, secret, person) in enumerate(cases):
        salt, nonce = fixed("salt%d" % i, 16), fixed("sn%d" % i, 24)
        principal, seed = fixed("p%d" % i, 16), fixed("seed%d" % i, 32)
        passes, memory = (2, 64 << 20) if kind == 1 else (0, 0)
        key = argon2id(secret, salt, passes, memory) if kind == 1 else secret
        bound = u8(1) + u8(kind) + b"\0\0" + u32(2 if kind == 1 else 0) + u64(passes) + u64(memory)
        bound += salt + principal + nonce
        commit, cipher = committed("envres1/" + person, key, principal, bound, nonce, bound, seed)
        rows.append({"title": name, "kind": kind, "secret": secret.hex(), "passes": passes, "memory": memory,
                     "random": (salt + nonce).hex(), "principal": principal.hex(), "seed": seed.hex(),
                     "body": (bound + commit + cipher).hex()})
    return rows


def slot_set(owner):
    ws, principal = fixed("ws", 16), fixed("set owner", 16)
    rows, encoded = [], b""
    for ordinal, label, provider, time in ((1, "", b"", 1700000000000), (3, "laptop \u00e9", b"", 1700000000001),
                                           (4, "kms", fixed("wrapped", 40), 1700000000002)):
        body = fixed("set body%d" % ordinal, 160)
        encoded += u64(ordinal) + text(label) + body + text(provider) + u64(time)
        rows.append({"ordinal": ordinal, "label": label.encode().hex(), "body": body.hex(), "provider": provider.hex(),
                     "time": time})
    digest = blake("envres1/slots", encoded)
    return {"workspace": ws.hex(), "principal": principal.hex(), "seed": owner.seed.hex(), "slots": rows,
            "digest": digest.hex(), "signature": owner.sign(b"slots", ws + principal + digest).hex()}


def request(owner):
    row = {"id": fixed("request", 16), "workspace": fixed("ws", 16), "environment": fixed("env", 16),
           "base": fixed("base", 32), "content": fixed("content", 32), "requester": fixed("requester", 16),
           "asserted": fixed("asserted", 16), "authors": fixed("author1", 16) + fixed("author2", 16)}
    texts = {"action": "version.release", "object": "version/shop/v7", "reason": "caf\u00e9"}
    numbers = {"right": 10, "needed": 2, "policy_version": 17, "secret": 1, "time": 1700000000000, "expires": 1700604800000}
    encoded = (row["id"] + row["workspace"] + row["environment"] + text(texts["action"]) + text(texts["object"])
               + u64(numbers["right"]) + u64(numbers["needed"]) + u64(numbers["policy_version"]) + row["base"]
               + u64(numbers["secret"]) + row["content"] + text(row["authors"]) + row["requester"] + row["asserted"]
               + text(texts["reason"]) + u64(numbers["time"]) + u64(numbers["expires"]))
    digest = blake("envres1/request", encoded)
    found = {name: value.hex() for name, value in row.items()}
    found.update({name: value.encode().hex() for name, value in texts.items()})
    found.update(numbers)
    found.update({"seed": owner.seed.hex(), "digest": digest.hex(), "signature": owner.sign(b"request", digest).hex(),
                  "approval": owner.sign(b"approval", digest).hex()})
    return found


class Identity:
    def __init__(self, name):
        self.seed = fixed(name, 32)
        # A box key pair is made of the first half of a hash over its seed.
        self.box_secret = hashlib.sha512(kdf(self.seed, "envrID01", 1)).digest()[:32]
        self.box_public = x25519(self.box_secret, BASE_U)
        self.sign_seed = kdf(self.seed, "envrID01", 2)
        self.sign_public = ed_public(self.sign_seed)

    def sign(self, kind, message):
        return ed_sign(self.sign_seed, b"libenvres/v1/" + kind + b"\0" + message)

    def row(self):
        return {"seed": self.seed.hex(), "box_public": self.box_public.hex(),
                "sign_public": self.sign_public.hex()}


def subkeys():
    key = fixed("ek", 32)
    return {"key": key.hex(), "data": kdf(key, "envrEK01", 1).hex(), "row": kdf(key, "envrEK01", 2).hex(),
            "head": kdf(key, "envrEK01", 3).hex(), "box_seed": kdf(key, "envrEK01", 4).hex(),
            "box_public": env_pair(key)[1].hex()}


def env_pair(key):
    """Of the key for secrets: what deposits are sealed to."""
    secret = hashlib.sha512(kdf(key, "envrEK01", 4)).digest()[:32]
    return secret, x25519(secret, BASE_U)


def env_key(by):
    ws, en, public = fixed("ws", 16), fixed("env", 16), env_pair(fixed("ek", 32))[1]
    return {"workspace": ws.hex(), "environment": en.hex(), "generation": 3, "public": public.hex(),
            "signer_seed": by.seed.hex(), "signature": by.sign(b"envkey", ws + en + u32(3) + public).hex()}


def deposits(by):
    ws, en, key = fixed("ws", 16), fixed("env", 16), fixed("ek", 32)
    rows = []
    cases = (("empty value", b"", 1, 1, 0, b"\0" * 16), ("56 bytes fill one block", b"x" * 56, 1, 0, 7, fixed("asserted", 16)),
             ("57 bytes need the next", b"y" * 57, 5, 1, 1, b"\0" * 16), ("5000 bytes", fixed("long", 5000), 1, 1, 1 << 40, b"\0" * 16))
    for i, (name, value, kind, secret, base, asserted) in enumerate(cases):
        esk, nonce = fixed("desk%d" % i, 32), fixed("dn%d" % i, 24)
        depositor, number, time = fixed("depositor", 16), fixed("deposit%d" % i, 16), 1700000000000 + i
        context = u8(1) + ws + en + u32(3) + text("API_TOKEN") + u8(kind) + u8(secret) + u64(base)
        context += depositor + asserted + u64(time) + number
        epk, public = x25519(esk, BASE_U), env_pair(key)[1]
        plain = (u8(kind) + u8(secret) + u8(0) + u8(0) + text(value)).ljust(padded(8 + len(value)), b"\0")
        agreed = x25519(esk, public) + epk + public + context
        commit, cipher = committed("envres1/inbox", b"", b"", agreed, nonce, context, plain)
        body = epk + nonce + commit + cipher
        rows.append({"title": name, "workspace": ws.hex(), "environment": en.hex(), "generation": 3, "name": "API_TOKEN",
                     "type": kind, "secret": secret, "base": base, "depositor": depositor.hex(),
                     "asserted": asserted.hex(), "time": time, "id": number.hex(), "depositor_seed": by.seed.hex(),
                     "value": value.hex(), "random": (esk + nonce).hex(), "body": body.hex(),
                     "signature": by.sign(b"inbox", context + blake("envres1/deposit", body)).hex()})
    return rows


def grant(to, by):
    ws, en, principal = fixed("ws", 16), fixed("env", 16), fixed("grantee", 16)
    key, esk, nonce = fixed("granted", 32), fixed("esk", 32), fixed("grant nonce", 24)
    context = u8(1) + ws + en + u32(3) + principal + u8(2)
    epk = x25519(esk, BASE_U)
    agreed = x25519(esk, to.box_public) + epk + to.box_public + context
    commit, cipher = committed("envres1/wrap-x25", b"", b"", agreed, nonce, context, key)
    body = epk + nonce + commit + cipher
    return {"workspace": ws.hex(), "environment": en.hex(), "generation": 3, "principal": principal.hex(), "class": 2,
            "recipient_seed": to.seed.hex(), "granter_seed": by.seed.hex(), "random": (esk + nonce).hex(),
            "key": key.hex(), "body": body.hex(), "signature": by.sign(b"grant", context + body).hex()}


def audit(actor):
    rows, previous = [], b"\0" * 32
    ws, who = fixed("ws", 16), fixed("actor", 16)
    for i, (action, env, target, revision, reason) in enumerate((
            ("workspace.create", b"", "workspace/acme", 0, ""),
            ("variable.put", fixed("env", 16), "variable/DATABASE_URL", 7, "rotated, ticket 12"))):
        operation, time = fixed("op%d" % i, 16), 1700000000000 + i
        row = u64(i + 1) + u64(time) + who + text(b"") + text(action) + ws + text(env) + text(target)
        row += u64(revision) + u8(0) + text(reason) + operation + u64(0)
        digest = blake("envres1/audit", previous + row)
        rows.append({"sequence": i + 1, "time": time, "action": action, "environment": env.hex(), "object": target,
                     "revision": revision, "reason": reason, "operation": operation.hex(),
                     "previous": previous.hex(), "hash": digest.hex(), "signature": actor.sign(b"audit", digest).hex()})
        previous = digest
    return {"workspace": ws.hex(), "actor": who.hex(), "actor_seed": actor.seed.hex(), "entries": rows,
            "checkpoint": checkpoint(actor, ws, who, len(rows), previous)}


def checkpoint(actor, ws, who, sequence, last):
    """Of the end of those entries."""
    time, policy = 1700000005000, 3
    message = ws + who + actor.sign_public + u64(sequence) + u64(time) + u64(policy) + last
    return {"sequence": sequence, "time": time, "policy_version": policy, "hash": last.hex(),
            "sign_key": actor.sign_public.hex(), "signature": actor.sign(b"checkpoint", message).hex()}


def digests():
    """digests.json: what every binding can ask for, bytes in hex or as [text, times] pairs."""
    def part(data):
        return blake("envres1/part", data)

    def tree(parts):
        rows = sorted((path.encode(), flags, data) for path, flags, data in parts)
        return blake("envres1/tree", u8(1) + u32(len(rows)) + b"".join(
            text(path) + u8(flags) + u64(len(data)) + part(data) for path, flags, data in rows) + u32(0))

    parts = [("nothing", b""), ("text", b"abc"), ("a NUL and no UTF-8", b"\x00\xff\xfe\x80"),
             ("128 bytes", b"\x00" * 128), ("129 bytes", b"\x00" * 129)]
    rows = [{"name": name, "data": {"hex": data.hex()}, "digest": part(data).hex()} for name, data in parts]
    rows.append({"name": "1 MiB", "data": [["envres/1", 131072]], "digest": part(b"envres/1" * 131072).hex()})
    trees = [("no parts", []), ("one part", [("page.json", 0, b"{}")]),
             ("one that goes to clients", [("page.json", 1, b"{}")]),
             ("sorted by bytes", [("b", 0, b"2"), ("a/b", 0, b"1"), ("C", 0, b"3"), ("a.b", 0, b"")]),
             ("names that are not ASCII", [("caf\u00e9.txt", 0, b"\xff"), ("\U0001f600", 1, b"x")])]
    made = [{"name": name, "parts": [{"path": path, "public": bool(flags), "data": {"hex": data.hex()}}
                                     for path, flags, data in parts], "content": tree(parts).hex()}
            for name, parts in trees]
    return {"format": "envres digest vectors 1", "count": len(rows) + len(made), "parts": rows, "versions": made}


def self_check():
    """Published vectors, so that a mistake here is not taken for one of the library."""
    assert x25519(bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                  bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")) == \
        bytes.fromhex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
    assert ed_public(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")) == \
        bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert poly1305(bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"),
                    b"Cryptographic Forum Research Group") == bytes.fromhex("a8061dc1305136c6c22b8baf0c0127a9")
    assert hchacha(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927")) == \
        bytes.fromhex("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc")


def main():
    self_check()
    if sys.argv[1:] == ["--digests"]:
        json.dump(digests(), sys.stdout, indent=1)
        print()
        return
    alice, bob = Identity("alice"), Identity("bob")
    json.dump({"records": record_rows(), "two_keys": two_keys(), "head_row": head_row(), "head": head(),
               "slots": slots(), "slot_set": slot_set(alice), "request": request(alice), "identity": alice.row(), "subkeys": subkeys(), "grant": grant(bob, alice),
               "env_key": env_key(alice), "deposits": deposits(bob),
               "audit": audit(alice)}, sys.stdout, indent=1)
    print()


main()
