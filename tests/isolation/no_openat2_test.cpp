// SPDX-License-Identifier: Apache-2.0
// Where openat2(2), which keeps lookups inside the new root, is not to be had: systemd's
// RestrictSUIDSGID= and the filters of containers answer EPERM or ENOSYS. There is no second way
// that is less strict.
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <sys/syscall.h>

#include <array>
#include <cerrno>

namespace integration {
namespace {

using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

Start without(int number, int error, Start start) {
    start.prepare = [number, error] { deny_system_call(number, error); };
    return start;
}

TEST_CASE("without openat2 a sandbox is refused, and the host is as it was", "[no_openat2]") {
    const TemporaryDirectory outside;
    outside.file("file", "precious");
    const TemporaryDirectory bound;
    bound.link("link", outside.path());
    bound.directory("directory");
    const std::string before = outside.listing() + bound.listing();
    const Descriptor content = file_with("overwritten");
    for (const Name name : both) {
        for (const int error : {ENOSYS, EPERM, EINVAL, ENOENT}) {
            for (Options options : std::vector<Options>{{"--dir", "/b/link/new"},
                                                        {"--tmpfs", "/b/link"},
                                                        {"--file", "7", "/b/link/file"},
                                                        {"--symlink", "x", "/b/link/new"},
                                                        {"--chmod", "0700", "/b/link/file"},
                                                        {"--remount-ro", "/b/directory"},
                                                        {"--tmpfs", "/b/directory"},
                                                        {}}) {
                options.insert(options.begin(), {"--bind", bound.path(), "/b"});
                Start start = without(SYS_openat2, error, sandbox(name, options, {"echo", "ran"}));
                start.descriptors = {{7, content.get()}};
                const Ended ended = run(start);
                INFO(ended.err);
                CHECK(ended.status == (name == Name::sbx ? 125 : 1));
                CHECK(ended.out.empty());
                CHECK_FALSE(ended.err.empty());
                CHECK(outside.listing() + bound.listing() == before);
            }
        }
    }
}

TEST_CASE("with the filter that denies something else, the same sandboxes run", "[no_openat2]") {
    // So that it is openat2 that the refusals above are about, and not the filter.
    for (const Name name : both) {
        CHECK(output(without(SYS_mlock2, EPERM, sandbox(name, {}, {"echo", "ran"}))) == "ran\n");
    }
}

TEST_CASE("nor is there a second way to mount", "[no_openat2]") {
    // The old calls would leave a moment in which read-only is not.
    const TemporaryDirectory place;
    place.file("file", "x");
    for (const Name name : both) {
        for (const int number : {SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_fsopen,
                                 SYS_fsmount, SYS_pivot_root, SYS_umount2, SYS_clone3}) {
            for (const int error : {ENOSYS, EPERM}) {
                // There clone(2) is the way, which is no less strict.
                if (number == SYS_clone3 && error == ENOSYS) continue;
                INFO(number);
                const Ended ended = run(without(
                    number, error,
                    sandbox(name, {"--ro-bind", place.path(), "/ro"}, {"write", "/ro/file", "y"})));
                CHECK(ended.status == (name == Name::sbx ? 125 : 1));
                CHECK(ended.out.empty());
            }
        }
    }
    CHECK(read_whole(place.path() + "/file") == "x");
}

}  // namespace
}  // namespace integration
