"""Where servers listen: addresses, ports that are taken, and tokens in files."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.listening import Address, listen, read_token


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_an_address_is_loopback_or_not(host: str, loopback: bool) -> None:
    assert Address(host).is_loopback == loopback


def test_names_of_a_server_are_those_of_this_machine_and_those_given() -> None:
    address = Address("::1", names=("ML.example.",))
    assert address.hosts == {"localhost", "127.0.0.1", "[::1]", "ml.example"}


def test_answers_do_not_wait_for_the_next_packet() -> None:
    with listen(Address()) as sock:
        assert sock.proto == socket.IPPROTO_TCP


def test_a_taken_port_is_told_with_the_option() -> None:
    with listen(Address()) as sock, pytest.raises(SettingsError, match="is taken") as error:
        listen(Address(port=sock.getsockname()[1]))
    assert "--port" in error.value.hint


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(SettingsError, match="cannot listen on"):
        listen(Address("203.0.113.1"))


def test_a_token_is_kept_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = read_token(str(file))
    assert read_token(str(file)) == token
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="others can read"):
        read_token(str(file))
    assert read_token("") != read_token("")


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 30, "é".encode() * 30])
def test_a_file_without_a_good_token_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SettingsError):
        read_token(str(file))
    with pytest.raises(SettingsError, match="cannot be used"):
        read_token(str(tmp_path))
