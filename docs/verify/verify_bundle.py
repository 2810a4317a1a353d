#!/usr/bin/env python3
"""Checks a Holdfast bundle without Holdfast: Python's standard library and the specifications.

    python3 verify_bundle.py BUNDLE PUBLIC_KEY

PUBLIC_KEY is the text name+id+key of the log's operator. Exit status 0: every event of the bundle
stands, unchanged, in the tree that this key signed. 1: it does not, and why.
Hashes and proofs: RFC 9162, section 2.1. Checkpoints: C2SP tlog-checkpoint and signed-note.
"""
import base64
import hashlib
import json
import sys

# --- Ed25519 (RFC 8032, section 5.1); only verification, so nothing here is secret ------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    return P - x if x & 1 != sign else x


def add(p, q):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = p, q
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = recover_x(y, sign)
    return x, y, 1, x * y % P


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(key, message, signature):
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    left = times(int.from_bytes(signature[32:], "little"), BASE)
    right = add(decode(signature[:32]), times(int.from_bytes(digest, "little") % L, decode(key)))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


# --- The tree -----------------------------------------------------------------------------------------
def sha256(data):
    return hashlib.sha256(data).digest()


def root_from(index, size, leaf, proof):
    at, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if at & 1 or at == last:
            root = sha256(b"\x01" + sibling + root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = sha256(b"\x01" + root + sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return root


# --- The checkpoint and the bundle ----------------------------------------------------------------------
def read_checkpoint(note, public_key):
    name, key_id, encoded = public_key.strip().split("+", 2)
    key = base64.b64decode(encoded, validate=True)
    if key[:1] != b"\x01" or sha256(name.encode() + b"\n" + key)[:4].hex() != key_id:
        raise ValueError("the public key is not one")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        raw = base64.b64decode(signature, validate=True)
        if dash == "\u2014" and signer == name and raw[:4].hex() == key_id:
            if not signed_by(key[1:], text.encode(), raw[4:]):
                raise ValueError("the signature does not fit the checkpoint")
            origin, size, root = text.split("\n")[:3]
            if origin != name:
                raise ValueError("the checkpoint is of another log")
            return int(size), base64.b64decode(root, validate=True)
    raise ValueError("the checkpoint is not signed by this key")


def check(head, events, gapless, public_key):
    size, root = read_checkpoint(head["checkpoint"], public_key)
    before, count = -1, 0
    for event in events:
        index = event["leaf_index"]
        line = base64.b64decode(event["base64"]) if "base64" in event else event["event"].encode()
        proof = [base64.b64decode(item, validate=True) for item in event["proof"]]
        if not 0 <= index < size or root_from(index, size, sha256(b"\x00" + line), proof) != root:
            raise ValueError(f"event line {index} is not one of those that were signed there")
        if index <= before or (gapless and before >= 0 and index != before + 1):
            raise ValueError(f"event line {index} does not follow the one before it")
        before, count = index, count + 1
    return count, size


def lines_of(file):
    """The events of a bundle of lines, up to its last line, which says how many they are."""
    count = 0
    for text in file:
        value = json.loads(text)
        if value.get("end") is True:
            if value["events"] != count or file.readline():
                raise ValueError("its last line does not fit what is before it")
            return
        count += 1
        yield value
    raise ValueError("it was cut off: its last line is missing")


def check_file(file, public_key):
    first = file.readline()
    head = json.loads(first if '"holdfast-bundle/2"' in first else first + file.read())
    if head["format"] == "holdfast-bundle/2":
        return check(head, lines_of(file), head["gapless"], public_key)
    if head["format"] != "holdfast-bundle/1":
        raise ValueError("unknown format")
    return check(head, head["events"], "job" not in head["about"], public_key)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            count, tree = check_file(file, sys.argv[2])
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        sys.exit(f"NOT PROVED: {error}")
    print(f"{count} events stand in the signed tree of {tree} event lines.")
