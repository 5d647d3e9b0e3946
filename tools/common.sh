# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What tools/demo and tools/check share: who runs what, which packages are needed, where to work.
# Sourced, never run. Both tools may be started by root or by a user with sudo.

# shellcheck disable=SC2034  # used by those who source this file
readonly build_packages=(
    g++ meson ninja-build pkg-config
    libseccomp-dev libcap-dev libboost-program-options-dev nlohmann-json3-dev catch2 git make
    dpkg-dev fakeroot
)

export LC_ALL=C.UTF-8

if [[ -t 1 ]]; then
    readonly bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
    readonly bold='' green='' red='' plain=''
fi

heading() {
    printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

running_as_root() {
    [[ $(id -u) -eq 0 ]]
}

# The proxies that the caller uses are kept where the rest of the environment is not.
proxies=()
for name in http_proxy https_proxy ftp_proxy no_proxy; do
    [[ -z ${!name:-} ]] || proxies+=("$name=${!name}")
done
readonly proxies

# Runs a command as root.
as_root() {
    if running_as_root; then
        "$@"
    else
        sudo -- env "${proxies[@]}" "$@"
    fi
}

# The ordinary user: the caller, or one made for this when the caller is root.
if running_as_root; then
    readonly ordinary_user=sbx-test
else
    ordinary_user=$(id -un)
    readonly ordinary_user
fi

# Runs a command as the ordinary user, with a plain environment when root starts it.
as_user() {
    if running_as_root; then
        setpriv --reuid="$ordinary_user" --regid="$ordinary_user" --init-groups --reset-env \
            env LC_ALL="$LC_ALL" "${proxies[@]}" "$@"
    else
        "$@"
    fi
}

# Makes a directory that belongs to the ordinary user.
make_user_directory() {
    mkdir "$1"
    if running_as_root; then chown "$ordinary_user:" "$1"; fi
}

# Notes something that is still there when the script has ended, and prints all that was noted.
note_stays() {
    [[ -d ${work:-} ]] || return 0
    printf '%s\n' "$1" >>"$work/stays"
}
tell_stays() {
    [[ -s $work/stays ]] || return 0
    echo "What stays:"
    sed 's/^/    /' "$work/stays"
}

# Sees to it that the ordinary user exists.
ensure_ordinary_user() {
    if ! id "$ordinary_user" >/dev/null 2>&1; then
        note_stays "the user $ordinary_user (userdel --remove $ordinary_user)"
        useradd --create-home --user-group --shell /bin/bash "$ordinary_user"
    fi
}

# Prints those of the given packages that are not installed, each once.
missing_packages() {
    local package
    for package in $(printf '%s\n' "$@" | sort -u); do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null |
            grep -qx installed || printf '%s\n' "$package"
    done
}

# Installs those of the given packages that are missing. Needs neither network nor root when
# nothing is.
install_packages() {
    local list missing
    list=$(missing_packages "$@")
    read -r -d '' -a missing <<<"$list" || true
    if [[ ${#missing[@]} -eq 0 ]]; then
        echo "all packages are there"
        return
    fi
    command -v apt-get >/dev/null || die "this needs Debian's apt-get to install ${missing[*]}"
    running_as_root || command -v sudo >/dev/null ||
        die "run this as root or install sudo: packages are missing: ${missing[*]}"
    echo "installing: ${missing[*]}"
    note_stays "packages: ${missing[*]}"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq --yes --no-install-recommends install "${missing[@]}" >/dev/null
}

# ninja_with_progress DIRECTORY [OPTION...]: runs ninja there and prints how far it is; the rest of its
# words, with compilers' notes, only if it fails.
ninja_with_progress() {
    local line shown=0 tenth
    if ! NINJA_STATUS='[%f/%t] ' ninja -C "$@" 2>&1 | tee "$work/log" | while IFS= read -r line; do
        [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]] || continue
        tenth=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
        [[ $tenth -gt $shown ]] || continue
        shown=$tenth
        printf '    %d of %d\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    done; then
        cat "$work/log"
        return 1
    fi
}

# Makes the directory `work`, which every user can enter, and removes it at exit.
make_work_directory() {
    work=$(mktemp --directory "/var/tmp/sbx-$1.XXXXXX")
    chmod 0755 "$work"
    trap leave EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Writes to directory $1 a list of sources that has, for what the machine takes from Debian's
# current release, the source packages too. The machine's own lists stay as they are.
write_source_list() {
    local release
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:?this needs a release of Debian}")
    local file
    : >"$1/demo.list"
    : >"$1/demo.sources"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        case $file in
            # One line each: deb [ OPTIONS ] URI SUITE COMPONENT...
            *.list) [[ ! -f $file ]] || awk -v release="$release" '
                $1 != "deb" { next }
                $0 !~ "[ \t]" release "([-/](updates|security))?[ \t](.*[ \t])?main([ \t]|$)" { next }
                { sub(/deb/, "deb-src"); print }
            ' "$file" >>"$1/demo.list" ;;
            # Paragraphs of "Key: value".
            *.sources) awk -v release="$release" '
                BEGIN { RS = ""; ORS = "\n\n" }
                /(^|\n)Enabled:[ \t]*no/ { next }
                !/(^|\n)Types:[^\n]*deb/ { next }
                $0 !~ "(^|\n)Suites:([^\n]*[ \t])?" release "([-/](updates|security))?([ \t\n]|$)" { next }
                !/(^|\n)Components:([^\n]*[ \t])?main([ \t\n]|$)/ { next }
                { sub(/Types:[^\n]*/, "Types: deb-src"); print }
            ' "$file" >>"$1/demo.sources" ;;
        esac
    done
    [[ -s $1/demo.list || -s $1/demo.sources ]] ||
        die "no mirror of Debian $release is configured below /etc/apt"
}

# Lets debian_source find packages; needs `work`. Makes a directory of the ordinary user in it.
prepare_debian_sources() {
    make_user_directory "$work/user"
    as_user mkdir -p "$work/user/lists/partial" "$work/user/cache/archives/partial"
    mkdir "$work/sources"
    write_source_list "$work/sources"
    readonly apt_of_user=(
        apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources"
        -o Dir::State::Lists="$work/user/lists" -o Dir::Cache="$work/user/cache"
    )
    as_user "${apt_of_user[@]}" update
}

# Fetches the source of a Debian package as the ordinary user and lays it out in $work/user/PACKAGE.
# apt checks the files. Debian's patches are left out: some of them fit a package to tools that are
# not needed here.
debian_source() {
    cd "$work/user" || return
    as_user "${apt_of_user[@]}" source --download-only "$1"
    local -r description=("$1"_*.dsc)
    as_user dpkg-source --no-check --skip-patches --extract "${description[0]}" "$1" >/dev/null
    cd "$work" || return
}

# Called at exit; on_exit is for the sourcing script to replace.
leave() {
    local status=$?
    trap - EXIT
    on_exit || true
    cd /
    # A test run by root may have left what the caller cannot remove.
    rm -rf "$work" 2>/dev/null || as_root rm -rf "$work"
    exit "$status"
}

on_exit() {
    :
}
