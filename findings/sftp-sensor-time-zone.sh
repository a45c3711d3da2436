#!/usr/bin/env bash
# Airflow's SFTP provider 7.0.0 (Airflow 3.3.2): the time of a file that `SFTPSensor(newer_than=...)` compares is wrong by
# the offset between the worker's clock and `[core] default_timezone`. The file's time is written in the worker's local
# time, without a zone, and read again in Airflow's default zone.
#
# Guess: a file's mtime is seconds since 1970, so the answer is the same everywhere. It is right only if both zones are
# the same. A container in UTC with default_timezone = Europe/Copenhagen takes a file for one or two hours older than it
# is, and waits for it in vain. A worker in Copenhagen with the default, UTC, takes yesterday's last file for today's.
# With `newer_than="{{ data_interval_start }}"`, a bank's file is then left out, or read into the books twice.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AIRFLOW_HOME=$folder/home AIRFLOW__CORE__LOAD_EXAMPLES=False

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python apache-airflow==3.3.2 apache-airflow-providers-sftp==7.0.0 \
  apache-airflow-providers-ssh==7.0.1 asyncssh==2.24.1
mkdir files
cat > sense.py << 'PYTHON'
import asyncio
import datetime
import json
import logging
import os
import pathlib
import threading

import asyncssh

changed = datetime.datetime(2026, 11, 28, 22, 30, tzinfo=datetime.timezone.utc)
file = pathlib.Path("files/bank.csv")
file.write_text("")
os.utime(file, (changed.timestamp(), changed.timestamp()))


class Anyone(asyncssh.SSHServer):
    def begin_auth(self, username):
        return False


async def serve():
    return await asyncssh.create_server(
        Anyone, "127.0.0.1", 0, server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.path.abspath("files").encode()))


loop = asyncio.new_event_loop()
port = loop.run_until_complete(serve()).sockets[0].getsockname()[1]
threading.Thread(target=loop.run_forever, daemon=True).start()
os.environ["AIRFLOW_CONN_BANK"] = json.dumps({
    "conn_type": "sftp", "host": "127.0.0.1", "port": port, "login": "me", "password": "any",
    "extra": {"no_host_key_check": True}})

from airflow.providers.sftp.sensors.sftp import SFTPSensor

logging.disable()
newest = max((changed + datetime.timedelta(minutes=minutes) for minutes in range(-180, 181, 30)
              if SFTPSensor(task_id="wait", path="/bank.csv", sftp_conn_id="bank",
                            newer_than=(changed + datetime.timedelta(minutes=minutes)).isoformat()).poke({})))
print("FOUND", newest.strftime("%H:%M"))
PYTHON
senses() { TZ=$1 AIRFLOW__CORE__DEFAULT_TIMEZONE=$2 venv/bin/python -W ignore sense.py 2> log | sed -n 's/^FOUND //p'; }
failed=0
# told WANTED WORKER AIRFLOW
told() {
  seen=$(senses "$2" "$3") || { cat log; exit 1; }
  echo "worker in $2, default_timezone $3: $seen"
  [ "$seen" = "$1" ] || { echo "That has changed: it was $1"; failed=1; }
}
echo "A file of 22:30 UTC, in November, is taken for one of"
told 22:30 UTC UTC
told 22:30 Europe/Copenhagen Europe/Copenhagen
told 23:30 Europe/Copenhagen UTC
told 21:30 UTC Europe/Copenhagen
exit $failed
