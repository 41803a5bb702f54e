"""Swift's four servers in one process: run as a program by `SwiftS3Server`, never imported.

usage: swift_process.py FOLDER ACCOUNT:USER=SECRET REGION

Binds four ports before it writes the rings that name them, so no other process can take one in between.
Writes FOLDER/address once a client may come.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import eventlet  # type: ignore[import-untyped]

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.common.ring import RingBuilder  # type: ignore[import-untyped]  # noqa: E402
from swift.common.storage_policy import reload_storage_policies  # type: ignore[import-untyped]  # noqa: E402
from swift.common.utils import set_swift_dir  # type: ignore[import-untyped]  # noqa: E402
from swift.common.wsgi import SwiftHttpProtocol, loadapp  # type: ignore[import-untyped]  # noqa: E402

KINDS = ("account", "container", "object")
PIPELINE = ("catch_errors", "cache", "listing_formats", "s3api", "tempauth", "slo", "versioned_writes")


def write_ring(folder: Path, kind: str, port: int) -> None:
    """One device, one copy: durability is not what is tested."""
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    device = {"id": 0, "region": 1, "zone": 1, "weight": 1, "device": "disk"}
    address = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev(device | address)
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


def write_settings(folder: Path, user: str, secret: str, region: str) -> None:
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = tests\n[storage-policy:0]\nname = only\ndefault = yes\n"
    )
    quiet = f"swift_dir = {folder}\nlog_level = ERROR\nlog_address = {folder}/no-syslog\n"
    for kind in KINDS:
        (folder / f"{kind}.conf").write_text(
            f"[DEFAULT]\n{quiet}devices = {folder}/devices\nmount_check = false\n"
            f"[pipeline:main]\npipeline = {kind}-server\n[app:{kind}-server]\nuse = egg:swift#{kind}\n"
        )
    own = {
        "cache": "use = egg:swift#memcache\nmemcache_servers = 127.0.0.1:1\n",
        "s3api": f"use = egg:swift#s3api\nlocation = {region}\n",
        "tempauth": f"use = egg:swift#tempauth\nuser_{user.replace(':', '_')} = {secret} .admin\n",
    }
    filters = "".join(f"[filter:{name}]\n{own.get(name, f'use = egg:swift#{name}')}\n" for name in PIPELINE)
    (folder / "proxy.conf").write_text(
        f"[DEFAULT]\n{quiet}[pipeline:main]\npipeline = {' '.join(PIPELINE)} proxy-server\n"
        "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n" + filters
    )


def serve(folder: Path, kind: str, door: socket.socket) -> eventlet.greenthread.GreenThread:
    application = loadapp(str(folder / f"{kind}.conf"), global_conf={"log_name": kind})
    return eventlet.spawn(
        wsgi.server,
        door,
        application,
        log_output=False,
        protocol=SwiftHttpProtocol,
        capitalize_response_headers=False,  # S3 clients look for "ETag", not "Etag"
        url_length_limit=8192,
    )


def main(folder: Path, account: str, region: str) -> None:
    user, _, secret = account.partition("=")
    doors = {kind: eventlet.listen(("127.0.0.1", 0)) for kind in (*KINDS, "proxy")}
    (folder / "devices" / "disk").mkdir(parents=True)
    for kind in KINDS:
        write_ring(folder, kind, doors[kind].getsockname()[1])
    write_settings(folder, user, secret, region)
    set_swift_dir(str(folder))
    reload_storage_policies()
    serving = [serve(folder, kind, door) for kind, door in doors.items()]
    ready = folder / "address.part"
    ready.write_text(f"http://127.0.0.1:{doors['proxy'].getsockname()[1]}")
    ready.rename(folder / "address")
    for server in serving:
        server.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
