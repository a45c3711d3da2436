"""The keys of Airflow's state stores."""

import hashlib

# A key of the store has at most 512 characters, and a suffix of ours may follow.
LONGEST_KEY, KEPT = 480, 200


def state_key(name: str) -> str:
    """Return a name as the key of a state store: unchanged if possible, otherwise its ASCII part and a hash.

    In-process execution, as in `airflow dags test`, can only read ASCII keys, and all stores truncate keys at 512
    characters.

    :param name: str, such as the name of a file
    """
    if name.isascii() and len(name) <= LONGEST_KEY:
        return name
    plain = "".join(each if each.isascii() else "_" for each in name)[:KEPT]
    return f"{plain}~{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:32]}"
