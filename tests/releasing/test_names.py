"""New names hang on the key alone, keep who is who, and are valid where they stand."""

import hmac
import stat
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privbench.base.errors import PrivbenchError
from privbench.releasing.names import NewNames, read_or_make_key

MANY = settings(max_examples=200, derandomize=True, deadline=None, database=None)
KEY = bytes(range(32))
KINDS = ("file", "patient", "uid")


@MANY
@given(st.binary(min_size=32, max_size=32), st.text(), st.text())
def test_one_name_has_one_new_name_and_two_have_two(key, one, other):
    for kind in KINDS:
        new, again = getattr(NewNames(key), kind), getattr(NewNames(key), kind)
        assert new(one) == again(one)
        assert (new(one) == new(other)) == (one == other)


@MANY
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.text())
def test_another_key_gives_other_names(key, other, text):
    for kind in KINDS:
        assert (getattr(NewNames(key), kind)(text) == getattr(NewNames(other), kind)(text)) == (key == other)


@MANY
@given(st.text())
def test_uids_are_those_of_uuids(text):
    """PS3.5, annex B.2, and RFC 9562, by Python's own reading of it."""
    uid = NewNames(KEY).uid(text)
    root, number = uid.rsplit(".", 1)
    found = uuid.UUID(int=int(number))
    assert (root, str(int(number))) == ("2.25", number)
    assert (found.version, found.variant) == (8, uuid.RFC_4122)
    assert len(uid) <= 64


def test_names_are_hmac_and_their_kinds_share_none():
    names = NewNames(KEY)
    assert names.patient("7") == hmac.new(KEY, b"patient 7", "sha256").hexdigest()[:20]
    assert names.file("7") == hmac.new(KEY, b"file 7", "sha256").hexdigest()[:20]
    assert names.file("7") != names.patient("7")
    assert names.file("a\udcff.png") != names.file("a.png"), "a name may be no UTF-8"


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path, caplog):
    path = tmp_path / "keys" / "release.key"
    key = read_or_make_key(path)
    told = [f"a new key was made: {path}; keep it, and keep it secret"]
    assert caplog.messages == told
    read_or_make_key(path)
    assert caplog.messages == told
    assert len(key) == 32
    assert read_or_make_key(path) == key == path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["release.key"]
    assert read_or_make_key(tmp_path / "other.key") != key


def test_those_who_make_it_at_once_take_one(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: read_or_make_key(tmp_path / "a.key"), range(64)))
    assert len(keys) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["a.key"]


def test_what_is_no_key_or_no_secret_is_refused(tmp_path):
    path = tmp_path / "a.key"
    path.write_bytes(b"short")
    with pytest.raises(PrivbenchError, match=r"a\.key holds 5 bytes, where a key has 32"):
        read_or_make_key(path)
    path.unlink()
    read_or_make_key(path)
    path.chmod(0o640)
    with pytest.raises(PrivbenchError, match=r"Others than its owner may use the key .*a\.key: `chmod 600` it"):
        read_or_make_key(path)
    with pytest.raises(PrivbenchError, match="is a folder where a file belongs"):
        read_or_make_key(tmp_path)
