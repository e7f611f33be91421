"""The group of verbs: help, versions, errors, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import affetto as package
from affetto import bundles
from affetto.cli import VERBS, app, main
from affetto.errors import AudioUnreadable, BadConfig
from tests.cli.command import affetto


def commands() -> list[tuple[str, ...]]:
    """Give every verb, and the verbs of verbs."""
    found: list[tuple[str, ...]] = [()]
    for name in VERBS.names():
        found.append((name,))
        verb = VERBS.load(name)
        if isinstance(verb, click.Group):
            found += [(name, inner) for inner in verb.commands]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_help_of_every_verb_fits_80_columns(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*command, "-h"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: {' '.join(('affetto', *command))} ")
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "--help" in text
    assert "--debug" in text


def test_help_names_every_verb_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in VERBS.names():
        assert f"{name} " in text
        assert VERBS.summary(name).split()[0] in text


def test_help_imports_no_verb_and_nothing_heavy() -> None:
    code = (
        "import sys; from affetto.cli import main; main(['--help']); "
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "affetto.cli" in loaded
    assert not loaded & {"numpy", "rich", "onnxruntime", "av", "affetto.cli.predict"}


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"affetto {package.__version__}\n"


def test_module_and_command_are_the_same() -> None:
    script = Path(sys.executable).with_name("affetto")
    if not script.exists():
        pytest.skip("affetto is not installed as a command here")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == affetto("--version").stdout


def test_no_verb_shows_the_help_and_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Usage: affetto")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["predct", "x"], "there is no verb named 'predct'; did you mean predict?"),
        (["predict"], "Missing argument 'PATH...'; try: affetto predict --help"),
        (["predict", "--fromat", "csv", "x"], "--format"),
        (["predict", "--format", "xml", "x"], "'xml' is not one of"),
        (["bundles", "shw"], "try: affetto bundles --help"),
        (["predict", "\x1b[31m\n", "--\x1b[31m"], "\\x1b[31m"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("affetto: ")
    assert sentence in line
    assert "\x1b" not in line


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def load(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(bundles, "load", load)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BadConfig("this is wrong", "do that"), 2, "affetto: this is wrong; do that"),
        (AudioUnreadable("x.mp3: it is noise"), 1, "affetto: x.mp3: it is noise"),
        (PermissionError(13, "Permission denied", "/x"), 1, "affetto: /x: permission denied;"),
        (ZeroDivisionError("oh"), 1, "affetto: an error that nobody foresaw (ZeroDivisionError:"),
        (KeyboardInterrupt(), 130, "affetto: interrupted"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_error_is_one_sentence_and_a_trace_only_with_debug(
    error: BaseException,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(monkeypatch, error)
    assert main(["bundles", "show"]) == code
    printed = capsys.readouterr()
    (line,) = printed.err.strip().splitlines()
    assert line.startswith(sentence)
    assert printed.out == ""
    for arguments in (["--debug", "bundles", "show"], ["bundles", "show", "--debug"]):
        assert main(arguments) == code
        printed = capsys.readouterr()
        assert "Traceback" in printed.err
        assert printed.err.splitlines()[-1].startswith(sentence)


def test_unforeseen_error_asks_for_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, RuntimeError("oh\x1b[31m"))
    main(["bundles", "show"])
    assert "please report it" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell is needed")
@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", ">/dev/full"])
def test_stream_that_cannot_be_written_shows_no_trace(redirection: str) -> None:
    command = f"exec {sys.executable} -m affetto --version {redirection}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if "full" in redirection else 0)


def test_shell_completion_knows_verbs_and_options() -> None:
    def completed(words: str, position: int) -> str:
        environment = {
            **os.environ,
            "_AFFETTO_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(position),
        }
        return affetto(env=environment).stdout

    assert completed("affetto pre", 1).split() == ["plain,predict"]
    assert "plain,jsonl" in completed("affetto predict --format ", 3)
    assert completed("affetto nothing --x", 2).strip() == ""


def test_verbs_of_the_table_are_commands() -> None:
    context = click.Context(app)
    for name in app.list_commands(context):
        verb = app.get_command(context, name)
        assert isinstance(verb, click.Command)
        assert verb.name == name
