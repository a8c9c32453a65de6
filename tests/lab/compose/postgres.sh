#!/bin/sh
# Starts PostgreSQL as the official image does: makes the database that the files name, when there is none yet.
set -eu
PGDATA=/var/lib/postgresql/data
# By its path: the shell would take its own, which is another one.
as() { /sbin/setpriv --reuid 70 --regid 70 --clear-groups "$@"; }
user=$(cat "$POSTGRES_USER_FILE") database=$(cat "$POSTGRES_DB_FILE")
mkdir -p "$PGDATA" /var/run/postgresql
chown -R 70:70 /var/lib/postgresql /var/run/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  (umask 377 && cp "$POSTGRES_PASSWORD_FILE" /tmp/password && chown 70 /tmp/password)
  as initdb -A scram-sha-256 --pwfile /tmp/password -U "$user" --locale C -E UTF8 --no-sync -D "$PGDATA" >/dev/null
  rm /tmp/password
  echo "create database \"$database\"" | as postgres --single -D "$PGDATA" postgres >/dev/null
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec /sbin/setpriv --reuid 70 --regid 70 --clear-groups postgres -D "$PGDATA" -c 'listen_addresses=*' -c fsync=off -c max_connections=40
