"""What the tests of stores and sources at s3:// rest on: the server keeps what S3 promises."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.engine("s3")


def test_of_many_who_create_one_object_one_wins(s3):
    bucket, system = s3.bucket("create"), s3.file_system()

    def create(name):
        try:
            system.pipe_file(f"{bucket}/{name}", b"mine", mode="create")
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert [sum(pool.map(create, [f"object-{i}"] * 12)) for i in range(10)] == [1] * 10


def test_half_an_upload_is_no_object(s3):
    bucket, system = s3.bucket("half"), s3.file_system()
    address = urlsplit(s3.url)
    with socket.create_connection((address.hostname, address.port)) as half:
        half.sendall(b"PUT /half/object HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf of it")
    system.pipe_file(f"{bucket}/other", b"whole")
    assert system.find(bucket) == [f"{bucket}/other"]


def test_a_server_that_is_in_a_hurry_is_asked_again(s3):
    bucket, system = s3.bucket("hurry"), s3.file_system()
    s3.refuse(2)
    system.pipe_file(f"{bucket}/object", b"kept")
    assert system.cat_file(f"{bucket}/object") == b"kept"
    assert sum(line.endswith(" 503") for line in s3.requests()) == 2
