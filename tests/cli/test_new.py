"""`privbench new`: what it writes works at once."""

import pytest

from privbench.cli.new import _CHECKS
from privbench.plugins.registry import GROUPS, Registry


@pytest.mark.parametrize("kind", GROUPS)
def test_what_is_written_registers_and_says_how_to_go_on(privbench, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = privbench("new", kind, "lab_method")
    assert done.code == 0, done.err
    assert "pytest test_lab_method.py" in done.out
    assert "privbench check-plugin lab-method --plugin lab_method.py" in done.out
    (plugin,) = Registry([tmp_path / "lab_method.py"]).handed_over()
    assert (plugin.kind, plugin.name, plugin.__name__) == (kind, "lab-method", "LabMethod")
    assert "lab_method" in (tmp_path / "test_lab_method.py").read_text()
    assert set(_CHECKS) == set(GROUPS)


@pytest.mark.slow
def test_the_written_test_passes(privbench, tmp_path, monkeypatch, capsys):
    """All four at once, as pytest finds them; it checks what `check-plugin` checks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # they are for these tests
    for kind in GROUPS:
        assert privbench("new", kind, f"lab_{kind}").code == 0
    capsys.readouterr()
    status = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)])
    printed = capsys.readouterr().out
    assert (status, "4 passed" in printed) == (0, True), printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["anonymiser", "mine"], "no kind 'anonymiser' of plugins: did you mean 'anonymizer'"),
        (["anonymizer", "my-method"], "'my-method' is no name that Python can import"),
        (["anonymizer", "class"], "'class' is no name that Python can import"),
        (["anonymizer", "../mine"], "is no name that Python can import"),
        (["anonymizer", "torch"], "The name 'torch' is taken"),
        (["anonymizer", "dp_pix"], "The name 'dp_pix' is taken"),
    ],
)
def test_names_that_cannot_be_are_told(privbench, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = privbench("new", *arguments)
    assert (done.code, message in done.err) == (2, True), done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("file", ["mine.py", "test_mine.py"])
def test_nothing_is_overwritten(privbench, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / file).write_text("precious")
    done = privbench("new", "attack", "mine")
    assert (done.code, f"There is a file {file} already" in done.err) == (2, True)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["precious"]
