# Starts the server in a folder, says "ready", and stops it at the end of standard input: when its owner closes that,
# and when the owner ends in whatever way, SIGKILL included. Runs as the server's user, in a session of its own.
# Several may keep one durable server, each for its own owner: the last one out stops it.
#
#   keeper  bin  folder  throw-away|durable  seconds  what throw-away folders are named by, without their random end
set -u
unset NEXUS_DATA_KEEPER
bin=$1 folder=$2 kind=$3 seconds=$4 siblings=$5

# The owner's end is what ends us: not the terminal's Ctrl-C, and not a pipe that nobody reads any more.
trap '' INT TERM HUP PIPE
exec 2>&1
umask 077
cd /

# What is to be told, and the lines that the server has logged since.
logged=0
say_why() {
    printf '%s\n' "$1"
    tail -n "+$((logged + 1))" "$folder/server.log" 2>/dev/null | tail -n 15
}

# When a process began, so that a number given out again is not taken for it; nothing where it is gone.
began() {
    if [ -d /proc/self ]; then
        began_fields=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 0
        (set -- $began_fields; [ "${1:-Z}" = Z ] || echo "${20}")
    else
        ps -o lstart= -p "$1" 2>/dev/null | tr -d ' '
    fi
}

lives() {
    lives_began=$(began "$1")
    [ -n "$lives_began" ] && [ "$lives_began" = "$2" ]
}

# Files in users/ and stopping/ are named by a keeper's process number, and say: host, keeper began, owner, owner began.
sign() {
    mkdir -p "$folder/$1"
    { echo "$(uname -n) $(began $$) $PPID $(began $PPID)" >"$folder/.signing.$$"; } 2>/dev/null &&
        mv "$folder/.signing.$$" "$folder/$1/$$"
}

# Is anyone there? What the dead have left is removed; of another host's processes nothing is known, so they live.
signed() {
    signed_any=1
    for paper in "$1"/*; do
        [ -f "$paper" ] || continue
        read -r host keeper_began owner owner_began <"$paper" || host=
        if [ -n "$host" ] && [ "$host" != "$(uname -n)" ]; then
            signed_any=0
        elif [ -n "$host" ] && { lives "${paper##*/}" "$keeper_began" || lives "$owner" "$owner_began"; }; then
            signed_any=0
        else
            rm -f "$paper"
        fi
    done
    return $signed_any
}

# A server works in its data folder. A process elsewhere has been given the number of one that was killed.
running() {
    "$bin/pg_ctl" -D "$folder/data" status >/dev/null 2>&1 || return 1
    running_in=/proc/$(sed -n 1p "$folder/data/postmaster.pid" 2>/dev/null)/cwd
    [ ! -e "$running_in" ] || [ "$running_in" -ef "$folder/data" ]
}

# Of a folder: whether its postmaster.pid names a server in it, and not whoever has been given the number since, after a
# reboot or a crash. Without /proc nothing more is known than that.
serves() {
    serves_pid=$(sed -n 1p "$1/data/postmaster.pid" 2>/dev/null)
    [ -n "$serves_pid" ] || return 1
    [ ! -d /proc/self ] || [ "/proc/$serves_pid/cwd" -ef "$1/data" ]
}

# A server would take such a process for another server, and not start. Children of a killed one may live for a moment.
forget_killed() {
    [ -d "/proc/$(sed -n 1p "$folder/data/postmaster.pid" 2>/dev/null)/cwd" ] || return 0
    for forget_process in /proc/[0-9]*; do
        [ "$forget_process/cwd" -ef "$folder/data" ] && return 0
    done
    rm -f "$folder/data/postmaster.pid"
}

await_ready() {
    tenths=$((seconds * 10))
    while [ "$tenths" -gt 0 ]; do
        [ "$(sed -n '8s/ *$//p' "$folder/data/postmaster.pid" 2>/dev/null)" = ready ] && return 0
        running || return 1
        tenths=$((tenths - 1))
        sleep 0.1
    done
    return 1
}

# Under another name first: a folder called data is a whole cluster, whoever was killed when.
create_cluster() {
    fresh="$folder/.data.$$"
    access='-U postgres --auth-local=trust --auth-host=reject'
    sync=; [ "$kind" = throw-away ] && sync=--no-sync
    if ! said=$("$bin/initdb" -D "$fresh" $access -E UTF8 --locale=C $sync 2>&1 </dev/null); then
        rm -rf -- "$fresh"
        say_why "initdb failed: $(printf '%s\n' "$said" | tail -n 8)"
        return 1
    fi
    if ! echo "include = '../server.conf'" >>"$fresh/postgresql.conf" || [ -d "$folder/data" ]; then
        rm -rf -- "$fresh"
        [ -d "$folder/data" ]
        return
    fi
    mv "$fresh" "$folder/data"
}

start() {
    tenths=600
    while signed "$folder/stopping" && [ "$tenths" -gt 0 ]; do sleep 0.1; tenths=$((tenths - 1)); done

    [ -d "$folder/data" ] || create_cluster || return 1
    if ! running; then
        rm -f "$folder/detached"
        forget_killed
        log="$folder/server.log"
        [ -n "$(find "$log" -size +20000 2>/dev/null)" ] && mv -f "$log" "$log.1"
        [ -f "$log" ] && logged=$(wc -l <"$log")
        said=$("$bin/pg_ctl" -D "$folder/data" -l "$log" -w -t "$seconds" start 2>&1 </dev/null) && return 0
    fi
    await_ready || { say_why "the server does not start: $(printf '%s\n' "${said:-}" | tail -n 1)"; return 1; }
}

stop() {
    socket=$(sed -n 5p "$folder/data/postmaster.pid" 2>/dev/null)
    serves "$folder" && "$bin/pg_ctl" -D "$folder/data" -m "$1" -w -t 60 stop >/dev/null 2>&1 </dev/null
    # Elsewhere, where our own path is too long for a socket.
    case $socket in "$folder"/*) ;; /*) rmdir "$socket" 2>/dev/null ;; esac
}

leave() {
    if [ "$kind" = throw-away ]; then
        stop immediate
        rm -rf -- "$folder"
        return
    fi

    # Somebody has removed it all; a server whose folder is gone ends by itself.
    [ -d "$folder/users" ] || return

    # One who comes in signs users, then looks at stopping; one who leaves signs stopping, then looks at users. So
    # either the one sees the other and waits, or the other sees the one and lets the server run.
    rm -f "$folder/users/$$"
    sign stopping
    signed "$folder/users" || [ -e "$folder/detached" ] || stop fast
    rm -f "$folder/stopping/$$"
}

# Throw-away folders of runs that were killed together with their keeper.
sweep() {
    for old in "$siblings"*; do
        { [ "$old" != "$folder" ] && [ -d "$old" ] && [ ! -L "$old" ] && [ -O "$old" ]; } || continue
        signed "$old/users" && continue
        # What has no cluster yet may be beginning just now, and about to sign.
        [ -d "$old/data" ] || [ -z "$(find "$old" -prune -mmin -5)" ] || continue
        serves "$old" && "$bin/pg_ctl" -D "$old/data" -m immediate -w -t 10 stop >/dev/null 2>&1 </dev/null
        rm -rf -- "$old"
    done
}

if ! sign users; then
    rm -f "$folder/.signing.$$"
    echo "nothing can be written into $folder (the disk may be full)"
    exit 1
fi
if ! start; then
    if [ "$kind" = throw-away ]; then rm -rf -- "$folder"; else rm -f "$folder/users/$$"; fi
    exit 1
fi
echo ready
[ "$kind" = throw-away ] && sweep

while read -r word; do
    [ "$word" = detach ] && { : >"$folder/detached"; rm -f "$folder/users/$$"; exit 0; }
done
leave
exit 0
