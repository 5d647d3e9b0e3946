#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# crun.sh SBX PROFILE: sbx in a container that crun makes, as root and as an ordinary user, with the
# namespaces, the masked /proc, the capabilities and the no_new_privs of Docker's and Podman's
# containers. Under PROFILE, the filter that comes with sbx, it works; under a filter that is as
# Docker's it is refused, with the name of that profile.
# An ordinary user makes it with the ids of /etc/subuid.
set -euo pipefail

sbx=$(realpath "$1")
profile=$(realpath "$2")
readonly sbx profile
command -v crun >/dev/null || { echo "there is no crun here; install the package crun"; exit 1; }
# crun takes no machine with both versions of cgroups, and is given one of them. The mount is gone
# with this process.
if [[ -z ${SBX_TEST_CRUN_INSIDE-} ]]; then
    own=(--mount --propagation private)
    [[ $(id -u) -eq 0 ]] || own+=(--user --map-root-user --map-auto --cgroup)
    SBX_TEST_CRUN_INSIDE=1 exec unshare "${own[@]}" "$0" "$@"
fi
[[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]] || mount -t cgroup2 none /sys/fs/cgroup

work=$(mktemp -d)
readonly work
readonly id=sbx-test-$$
trap 'crun delete --force "$id" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
mkdir -p "$work"/{rootfs/{usr,proc,dev,tmp,etc,bin,sys},state}
rmdir "$work/rootfs/bin"
for link in /bin /lib /lib64 /sbin; do
    [[ -L $link ]] && ln -s "$(readlink "$link")" "$work/rootfs$link"
done
cp "$sbx" "$work/rootfs/sbx"
chmod 755 "$work" "$work/rootfs" "$work/rootfs/sbx"

# As Docker's default for a container without privileges: an allow-list of which only the difference
# is written here.
cat >"$work/docker.json" <<'END'
{
    "defaultAction": "SCMP_ACT_ALLOW",
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
    "syscalls": [
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        {"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
         "args": [{"index": 0, "value": 268435456, "valueTwo": 268435456,
                   "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["add_key", "fsconfig", "fsmount", "fsopen", "keyctl", "mount", "mount_setattr",
                   "move_mount", "open_tree", "pivot_root", "request_key", "setns", "umount2",
                   "unshare"],
         "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    ]
}
END

# config UID FILTER COVERED ARG...: config.json of the container; COVERED is a list in JSON.
config() {
    local -r uid=$1 filter=$2 covers=$3
    shift 3
    local words="" word
    for word in "$@"; do
        word=${word//\\/\\\\}
        words+="${words:+, }\"${word//\"/\\\"}\""
    done
    cat >"$work/config.json" <<END
{
    "ociVersion": "1.0.2",
    "process": {
        "user": {"uid": $uid, "gid": $uid},
        "args": [$words],
        "env": ["PATH=/usr/bin:/usr/sbin", "HOME=/tmp"],
        "cwd": "/",
        "capabilities": {
            "bounding": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP"],
            "effective": $([[ $uid -eq 0 ]] && echo '["CAP_SETFCAP"]' || echo '[]'),
            "permitted": $([[ $uid -eq 0 ]] && echo '["CAP_SETFCAP"]' || echo '[]')
        },
        "noNewPrivileges": true
    },
    "root": {"path": "rootfs"},
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "mode=755"]},
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]},
        {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]}
    ],
    "linux": {
        "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"},
                       {"type": "network"}],
        "maskedPaths": $covers,
        "seccomp": $(cat "$filter")
    }
}
END
}

failed=0
# expect STATUS TEXT UID FILTER COVERED OPTION...: runs sbx with the options; its status, and a part
# of what it says.
expect() {
    local -r wanted=$1 text=$2
    shift 2
    config "$1" "$2" "$3" /sbx "${@:4}"
    local status=0
    (cd "$work" && crun --root "$work/state" --cgroup-manager=disabled run "$id") \
        >"$work/out" 2>&1 </dev/null || status=$?
    if [[ $status -ne $wanted ]] || ! grep -qF -- "$text" "$work/out"; then
        echo "uid $1, $2, ${*:4}: status $status, not $wanted, or without \"$text\":"
        cat "$work/out"
        failed=1
    fi
}

readonly masked='["/proc/kcore", "/proc/keys", "/proc/timer_list"]'
readonly command=(--ro-bind /usr /usr -- sh -c 'echo in; exit 3')
for uid in 0 1000; do
    # With its /proc unmasked (--security-opt systempaths=unconfined, unmask=ALL) all works.
    expect 3 in "$uid" "$profile" '[]' "${command[@]}"
    # With the covered one the container's own /proc is shown.
    expect 125 "--ro-bind /proc /proc" "$uid" "$profile" "$masked" "${command[@]}"
    expect 3 in "$uid" "$profile" "$masked" --ro-bind /proc /proc "${command[@]}"
    expect 0 "none that set-up needs is refused; sbx does without keyctl" "$uid" "$profile" '[]' \
        --doctor
    expect 125 "seccomp/container.json" "$uid" "$work/docker.json" '[]' "${command[@]}"
    expect 1 "clone3 (ENOSYS)" "$uid" "$work/docker.json" '[]' --doctor
done
exit "$failed"
