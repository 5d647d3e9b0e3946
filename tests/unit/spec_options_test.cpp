// SPDX-License-Identifier: Apache-2.0
// SpecBuilder: what each of the options that bubblewrap has and tests of spec_builder_test.cpp do
// not know puts into the Spec, and what waits for the option that follows it.
#include "memory_file.hpp"
#include "spec_support.hpp"

using namespace sbx;
using namespace sbx::cli;
using sbx::test::bwrap_spec;
using sbx::test::check_wrong_argument;
using sbx::test::error_of;
using sbx::test::good;
using sbx::test::joined;
using sbx::test::MemoryFile;
using sbx::test::only_entry;
using sbx::test::sbx_error;
using sbx::test::Words;

using Changes = entry::Overlay::Changes;

TEST_CASE("--bind-fd and --ro-bind-fd") {
    const auto writable = only_entry<entry::BindFd>({"--bind-fd", "7", "/d"});
    CHECK(writable.fd == 7);
    CHECK(writable.destination == "/d");
    CHECK(writable.access == Access::read_write);
    CHECK(only_entry<entry::BindFd>({"--ro-bind-fd", "0", "/d"}).access == Access::read_only);
    CHECK(only_entry<entry::BindFd>({"--ro-bind-fd", "0", "/d"}).fd == 0);
}

TEST_CASE("--bind-data and --ro-bind-data, and the mode before them") {
    const auto usual = only_entry<entry::BindData>({"--bind-data", "7", "/f"});
    CHECK(usual.fd == 7);
    CHECK(usual.destination == "/f");
    CHECK(usual.mode == 0600);
    CHECK(usual.access == Access::read_write);
    CHECK(only_entry<entry::BindData>({"--ro-bind-data", "7", "/f"}).access == Access::read_only);
    for (const char* option : {"--bind-data", "--ro-bind-data"}) {
        CHECK(only_entry<entry::BindData>({"--perms", "0644", option, "7", "/f"}).mode == 0644);
        CHECK(only_entry<entry::BindData>({"--perms", "0", option, "7", "/f"}).mode == 0);
        const Spec two = good({"--perms", "0644", option, "7", "/f", option, "8", "/g"});
        REQUIRE(two.entries.size() == 2);
        CHECK(std::get<entry::BindData>(two.entries[1]).mode == 0600);
    }
}

TEST_CASE("--overlay and its kin take the sources before them, the lowest first") {
    const auto kept = only_entry<entry::Overlay>(
        {"--overlay-src", "/a", "--overlay-src", "/b", "--overlay", "/u", "/w", "/d"});
    CHECK(kept.changes == Changes::kept);
    CHECK(kept.sources == Words{"/a", "/b"});
    CHECK(kept.upper == "/u");
    CHECK(kept.work == "/w");
    CHECK(kept.destination == "/d");
    const auto forgotten =
        only_entry<entry::Overlay>({"--overlay-src", "a", "--tmp-overlay", "/d"});
    CHECK(forgotten.changes == Changes::forgotten);
    CHECK(forgotten.sources == Words{"a"});
    CHECK(forgotten.upper.empty());
    CHECK(forgotten.work.empty());
    CHECK(forgotten.destination == "/d");
    const auto closed = only_entry<entry::Overlay>(
        {"--overlay-src", "/a", "--overlay-src", "/a", "--ro-overlay", "/d"});
    CHECK(closed.changes == Changes::refused);
    CHECK(closed.sources == Words{"/a", "/a"});

    const Spec both = good({"--overlay-src", "/a", "--tmp-overlay", "/x", "--overlay-src", "/b",
                            "--tmp-overlay", "/y"});
    REQUIRE(both.entries.size() == 2);
    CHECK(std::get<entry::Overlay>(both.entries[1]).sources == Words{"/b"});
}

TEST_CASE("overlays without enough sources") {
    const std::string one = " requires at least one --overlay-src";
    CHECK(sbx_error({"--overlay", "/u", "/w", "/d"}) == "--overlay" + one);
    CHECK(sbx_error({"--tmp-overlay", "/d"}) == "--tmp-overlay" + one);
    const std::string two = "--ro-overlay requires at least two --overlay-src";
    CHECK(sbx_error({"--ro-overlay", "/d"}) == two);
    CHECK(sbx_error({"--overlay-src", "/a", "--ro-overlay", "/d"}) == two);
    CHECK(sbx_error({"--overlay-src", "/a", "--tmp-overlay", "/d", "--tmp-overlay", "/e"}) ==
          "--tmp-overlay" + one);
}

TEST_CASE("--overlay-src that nothing takes") {
    const std::string alone =
        "--overlay-src must be followed by another --overlay-src or one of --overlay, "
        "--tmp-overlay, or --ro-overlay";
    for (const Words& after : {Words{"--dir", "/d"},
                               {"--proc", "/p", "--tmp-overlay", "/d"},
                               {"--perms", "0700", "--tmp-overlay", "/d"},
                               {"--setenv", "A", "b", "--tmp-overlay", "/d"},
                               {"true"},
                               {}}) {
        Words words = {"--overlay-src", "/a"};
        words.insert(words.end(), after.begin(), after.end());
        INFO((after.empty() ? "" : after[0]));
        CHECK(sbx_error(words) == alone);
        CHECK(error_of(bwrap_spec(words)) == alone);
    }
}

TEST_CASE("--perms and --size do not go with an overlay") {
    CHECK(sbx_error({"--perms", "0700", "--overlay-src", "/a", "--tmp-overlay", "/d"}) ==
          "--perms must be followed by an option that creates a file");
    CHECK(sbx_error({"--size", "4096", "--overlay-src", "/a", "--tmp-overlay", "/d"}) ==
          "--size must be followed by --tmpfs");
    CHECK(sbx_error({"--size", "4096", "--bind-data", "7", "/d"}) ==
          "--size must be followed by --tmpfs");
    CHECK(sbx_error({"--perms", "0700", "--bind-fd", "7", "/d"}) ==
          "--perms must be followed by an option that creates a file");
    CHECK(sbx_error({"--perms", "0700", "--chmod", "0700", "/d"}) ==
          "--perms must be followed by an option that creates a file");
}

TEST_CASE("what waits for an option must find it in the same file of --args") {
    const struct {
        Words words;
        const char* message;
    } cases[] = {
        {{"--perms", "0700"}, "--perms must be followed by an option that creates a file"},
        {{"--size", "4096"}, "--size must be followed by --tmpfs"},
        {{"--overlay-src", "/a"},
         "--overlay-src must be followed by another --overlay-src or one of --overlay, "
         "--tmp-overlay, or --ro-overlay"},
    };
    for (const auto& [words, message] : cases) {
        for (const auto& spec_of : {test::sbx_spec, bwrap_spec}) {
            const MemoryFile file(joined(words));
            CHECK(error_of(spec_of({"--args", file.text(), "--tmpfs", "/d", "true"})) == message);
            // Nor does it reach into one.
            const MemoryFile other(joined({"--tmpfs", "/d", "--tmp-overlay", "/o"}));
            Words outside = words;
            outside.insert(outside.end(), {"--args", other.text(), "true"});
            CHECK(error_of(spec_of(outside)) == message);
            // Nor to the end of the line.
            Words alone = words;
            alone.emplace_back("true");
            CHECK(error_of(spec_of(alone)) == message);
        }
    }
    const MemoryFile whole(joined({"--perms", "0700", "--size", "4096", "--tmpfs", "/d",
                                   "--overlay-src", "/a", "--tmp-overlay", "/o"}));
    CHECK(good({"--args", whole.text()}).entries.size() == 2);
}

TEST_CASE("--chmod") {
    const auto chmod = only_entry<entry::Chmod>({"--chmod", "1750", "/d"});
    CHECK(chmod.mode == 01750);
    CHECK(chmod.destination == "/d");
    CHECK(only_entry<entry::Chmod>({"--chmod", "0", "/d"}).mode == 0);
    for (const char* text : {"", "8", "10000", "-1", "+7", "0x7", " 7", "u+x", "4294967296"}) {
        check_wrong_argument({"--chmod", text, "/d"}, text, "an octal mode up to 07777",
                             "--chmod takes an octal argument <= 07777");
    }
}

TEST_CASE("--mqueue") {
    CHECK(only_entry<entry::Mqueue>({"--mqueue", "/dev/mqueue"}).destination == "/dev/mqueue");
}

TEST_CASE("--wayland") {
    const auto entry = only_entry<entry::Wayland>({"--wayland", "/run/w", "/w"});
    CHECK(entry.source == "/run/w");
    CHECK(entry.destination == "/w");
}

TEST_CASE("an empty path is refused by every option that takes one") {
    std::size_t paths = 0;
    for (const cli::OptionRow& row : cli::option_table) {
        if (!cli::describes_sandbox(row.id) || row.id == cli::Option::unset) continue;
        for (std::size_t i = 0; i < row.argument_count(); ++i) {
            const std::string_view kind = row.argument_name(i);
            const bool is_path = kind == "SRC" || kind == "DEST" || kind == "PATH" ||
                                 kind == "DIR" || kind == "OTHER" || kind == "UPPER" ||
                                 kind == "WORK" || kind == "TARGET";
            if (!is_path) continue;
            ++paths;
            Words words;
            if (row.name.find("overlay") != std::string_view::npos) {
                words = {"--overlay-src", "/a", "--overlay-src", "/b"};
            }
            words.push_back("--" + std::string(row.name));
            for (std::size_t k = 0; k < row.argument_count(); ++k) {
                const bool number = row.argument_name(k) == "FD" || row.argument_name(k) == "OCTAL";
                words.push_back(k == i ? "" : number ? "7" : "/x");
            }
            INFO(row.name << " " << kind);
            const std::string text =
                "--" + std::string(row.name) + " does not take an empty path argument";
            CHECK(error_of(bwrap_spec(words)) == text);
            CHECK(sbx_error(words).find(text + "; an empty ") == 0);
        }
    }
    CHECK(paths > 40);
    CHECK(sbx_error({"--dir", ""})
              .find("an empty destination is most often a variable that is "
                    "not set, write / for the root itself") != std::string::npos);
    CHECK(sbx_error({"--bind-try", "", "/x"}).find("an empty path is most often") !=
          std::string::npos);
    for (const Words& words : {Words{"--hostname", ""}, {"--argv0", ""}, {"--setenv", "A", ""}}) {
        CHECK(error_of(bwrap_spec(words)) == "no error");
        CHECK(sbx_error(words) == "no error");
    }
}

TEST_CASE("--sync-fd is kept as often as it is given, each descriptor once") {
    const Words twice = {"--sync-fd", "71", "--sync-fd", "72", "--sync-fd", "71"};
    CHECK(good(twice).sync_fds == std::vector<int>{72, 71});
    CHECK(good(bwrap_spec(twice)).sync_fds == std::vector<int>{72, 71});
    CHECK(good({"true"}).sync_fds.empty());
    for (const char* text : {"", "-1", "+1", " 1", "0x1", "x", "2147483648", "4294967296"}) {
        check_wrong_argument({"--sync-fd", text}, text, "the number of an open descriptor",
                             std::string("Invalid fd: ") + text);
    }
    CHECK(sbx_error({"--sync-fd", "7", "--block-fd", "7"}).find("is used by --sync-fd") !=
          std::string::npos);
}

TEST_CASE("options of descriptors that are used later") {
    const struct {
        const char* option;
        std::optional<int> Spec::*field;
    } each[] = {{"--userns", &Spec::userns_fd},
                {"--userns2", &Spec::userns2_fd},
                {"--pidns", &Spec::pidns_fd},
                {"--block-fd", &Spec::block_fd},
                {"--userns-block-fd", &Spec::userns_block_fd},
                {"--info-fd", &Spec::info_fd},
                {"--json-status-fd", &Spec::json_status_fd}};
    for (const auto& [option, field] : each) {
        INFO(option);
        const Spec spec = good({option, "71"});
        CHECK(spec.*field == 71);
        for (const auto& [other, another] : each) {
            if (another != field) CHECK_FALSE(spec.*another);
        }
        CHECK(good({option, "0"}).*field == 0);
        CHECK(good({option, "71", option, "72"}).*field == 72);
        for (const char* text : {"", "-1", "+1", " 1", "0x1", "x", "2147483648", "4294967296"}) {
            check_wrong_argument({option, text}, text, "the number of an open descriptor",
                                 std::string("Invalid fd: ") + text);
        }
    }
    for (const char* option : {"--bind-fd", "--ro-bind-fd", "--bind-data", "--ro-bind-data"}) {
        for (const char* text : {"-1", "2147483648"}) {
            check_wrong_argument({option, text, "/d"}, text, "the number of an open descriptor",
                                 std::string("Invalid fd: ") + text);
        }
    }
}

TEST_CASE("--lock-file is kept as often as it is given") {
    CHECK(good({"--lock-file", "/a", "--lock-file", "b", "--lock-file", "/a"}).lock_files ==
          Words{"/a", "b", "/a"});
    CHECK(good({"true"}).lock_files.empty());
}

TEST_CASE("--disable-userns and --assert-userns-disabled") {
    CHECK(good({"--disable-userns", "--disable-userns"}).disable_userns);
    CHECK_FALSE(good({"--disable-userns"}).assert_userns_disabled);
    CHECK(good({"--assert-userns-disabled"}).assert_userns_disabled);
    CHECK_FALSE(good({"--assert-userns-disabled"}).disable_userns);
}

TEST_CASE("the -try forms of namespaces are tried apart from those that are wanted") {
    const Spec spec = good(bwrap_spec({"--unshare-user-try", "--unshare-cgroup-try"}));
    CHECK(spec.unshare == NamespaceSet(Namespace::mount));
    CHECK(spec.unshare_try == (Namespace::user | Namespace::cgroup));
    CHECK(good(bwrap_spec({"--unshare-user-try", "--share-user"})).unshare_try.empty());
    const Spec both = good(bwrap_spec({"--unshare-user", "--unshare-user-try"}));
    CHECK(both.unshare.has(Namespace::user));
}

TEST_CASE("labels are refused where SELinux is not supported") {
    for (const std::string option : {"--exec-label", "--file-label"}) {
        CHECK(sbx_error({option, "x"}) == option +
                                              ": SELinux labels are not supported; leave it "
                                              "out");
        CHECK(error_of(bwrap_spec({option, "x"})) == "labeling not supported on this system");
    }
}
