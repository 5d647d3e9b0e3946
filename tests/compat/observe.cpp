// SPDX-License-Identifier: Apache-2.0
#include "observe.hpp"

#include "given.hpp"
#include "leftovers.hpp"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>

namespace compat {
namespace {

namespace fs = std::filesystem;
using integration::Ended;
using integration::Start;

constexpr const char* debian_version = "bubblewrap 0.8.0\n";

// What is the same on every machine: root without one of its capabilities.
void drop_one_capability() {
    ::prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    ::syscall(SYS_capget, &header, data.data());
    for (__user_cap_data_struct& set : data) set.inheritable = 0;
    data[0].permitted &= ~(1U << CAP_SYS_RESOURCE);
    data[0].effective &= ~(1U << CAP_SYS_RESOURCE);
    ::syscall(SYS_capset, &header, data.data());
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

// "OPTIONS | SENTENCE" in full.
Lines command_line(const Row& row, const Fixture& fixture) {
    Lines words = words_of(row.line);
    for (std::string& word : words) word = fixture.fill(std::move(word));
    const auto bar = std::find(words.begin(), words.end(), "|");
    if (bar == words.end()) return words;
    Lines whole = {"--ro-bind", integration::payload_path(), "/p"};
    whole.insert(whole.end(), words.begin(), bar);
    whole.insert(whole.end(), {"--", "/p"});
    whole.insert(whole.end(), bar + 1, words.end());
    return whole;
}

}  // namespace

Lines words_of(const std::string& line) {
    Lines out;
    std::string word;
    bool quoted = false;
    bool begun = false;
    for (const char c : line) {
        if (c == '\'') {
            quoted = !quoted;
            begun = true;
        } else if (c != ' ' || quoted) {
            word += c;
            begun = true;
        } else if (begun) {
            out.push_back(std::move(word));
            word.clear();
            begun = false;
        }
    }
    if (begun) out.push_back(std::move(word));
    return out;
}

std::string bubblewrap_path() {
    static const std::string path = [] {
        const char* text = std::getenv("SBX_TEST_BUBBLEWRAP");
        const std::string found = text != nullptr ? text : "";
        if (found.empty()) throw std::runtime_error("bubblewrap is not installed");
        const std::string version =
            integration::run(Start{.words = {"--version"}, .program = found}).out;
        if (version != debian_version) {
            throw std::runtime_error("the table compares with Debian 12's bubblewrap 0.8.0, not " +
                                     version);
        }
        return found;
    }();
    return path;
}

Fixture::Fixture() {
    for (const char* name : {"d", "d/sub", "empty", "closed", "low", "up", "work"}) {
        place_.directory(name);
    }
    place_.file("f", "hello\n");
    place_.file("d/x", "x\n");
    place_.file("closed/x", "x\n");
    place_.file("low/x", "lower\n");
    place_.file("script", "#!/nowhere/interpreter\n", 0755);
    place_.file("nothing", "", 0755);
    place_.file("text", "some words\n", 0755);
    place_.file("foreign",
                std::string("\x7f"
                            "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\x00\xff\xfe\n",
                            21),
                0755);
    place_.link("to-d", "d");
    place_.link("to-f", "f");
    place_.link("dangling", "nowhere");
    place_.link("circle", "circle");
    ::chmod((path() + "/closed").c_str(), 0);
    before_ = listing();
}

// What nobody may enter could not be removed; overlayfs makes such a directory, too.
Fixture::~Fixture() {
    for (const char* name : {"/closed", "/work/work"}) ::chmod((path() + name).c_str(), 0755);
}

std::string Fixture::fill(std::string word) const {
    replace_all(word, "@", path());
    replace_all(word, "PAYLOAD", integration::payload_path());
    return word;
}

Lines Fixture::listing() const {
    std::set<std::string> out;
    const auto options = fs::directory_options::skip_permission_denied;
    for (const auto& entry : fs::recursive_directory_iterator(path(), options)) {
        struct stat status {};
        if (::lstat(entry.path().c_str(), &status) != 0) continue;
        std::ostringstream line;
        line << "host " << fs::path(entry.path()).lexically_relative(path()).string() << " "
             << std::oct << status.st_mode << std::dec;
        if (S_ISREG(status.st_mode)) line << " " << status.st_size;
        out.insert(line.str());
    }
    return {out.begin(), out.end()};
}

Lines Fixture::changes() const {
    Lines out;
    const Lines now = listing();
    std::set_difference(now.begin(), now.end(), before_.begin(), before_.end(),
                        std::back_inserter(out));
    Lines gone;
    std::set_difference(before_.begin(), before_.end(), now.begin(), now.end(),
                        std::back_inserter(gone));
    for (const std::string& line : gone) out.push_back("no more " + line);
    return out;
}

Start start(Program program, Lines words, const std::string& directory, Lines environment) {
    Start out{.name = integration::Name::bwrap, .words = std::move(words), .directory = directory};
    out.called = "bwrap";
    if (program == Program::bubblewrap) out.program = bubblewrap_path();
    out.prepare = [directory, environment = std::move(environment)] {
        const char* options = std::getenv("ASAN_OPTIONS");
        const std::string asan = options != nullptr ? options : "";
        ::clearenv();
        ::setenv("HOME", "/home/somebody", 1);
        ::setenv("PATH", "/usr/bin:/bin", 1);
        if (!asan.empty()) ::setenv("ASAN_OPTIONS", asan.c_str(), 1);
        ::setenv("PWD", directory.c_str(), 1);
        for (const std::string& entry : environment) {
            const auto equals = entry.find('=');
            ::setenv(entry.substr(0, equals).c_str(), entry.c_str() + equals + 1, 1);
        }
        ::umask(022);
        if (integration::is_root()) drop_one_capability();
    };
    return out;
}

Lines seen(const Ended& ended) {
    Lines out = {ended.signal != 0 ? "signal " + std::to_string(ended.signal)
                                   : "status " + std::to_string(ended.status)};
    for (const Lines& part : {normal_lines("out ", ended.out), normal_lines("err ", ended.err)}) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

namespace {

// A tmpfs on each of some places, in a mount namespace of this process.
class OwnMounts {
public:
    OwnMounts(const Row& row, const Fixture& fixture) {
        if (row.mounts.empty()) return;
        if (!integration::is_root()) {
            integration::enter_own_namespaces(integration::As::itself);
        } else if (::unshare(CLONE_NEWNS) != 0 ||
                   ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
            throw std::runtime_error("no mount namespace can be made");
        }
        for (const std::string& place : row.mounts) {
            places_.push_back(fixture.fill(place));
            ::mkdir(places_.back().c_str(), 0755);
            integration::mount_or_throw("none", places_.back(), "tmpfs", MS_NOEXEC);
        }
    }
    OwnMounts(const OwnMounts&) = delete;
    OwnMounts& operator=(const OwnMounts&) = delete;
    ~OwnMounts() {
        for (; !places_.empty(); places_.pop_back()) {
            ::umount2(places_.back().c_str(), MNT_DETACH);
        }
    }

private:
    Lines places_;
};

Lines observe_here(Program program, const Row& row) {
    const Leftovers leftovers;
    const Fixture fixture;
    const OwnMounts mounts(row, fixture);
    std::string directory = fixture.path();
    if (!row.directory.empty()) directory = fixture.fill(row.directory);
    GivenDescriptors given(row.given, fixture);
    Start begin = start(program, command_line(row, fixture), directory, row.environment);
    given.add_to(begin);
    integration::Running running(begin);
    given.started();
    Lines out = seen(running.wait());
    const Lines collected = given.collected();
    out.insert(out.end(), collected.begin(), collected.end());
    if (row.mounts.empty()) {
        const Lines changes = fixture.changes();
        out.insert(out.end(), changes.begin(), changes.end());
    }
    return out;
}

}  // namespace

Lines observe(Program program, const Row& row) {
    if (row.mounts.empty()) return observe_here(program, row);
    bubblewrap_path();  // found out by the process that goes on
    const auto text = integration::in_child([&] {
        std::string lines;
        for (const std::string& line : observe_here(program, row)) lines += line + "\n";
        return lines;
    });
    return integration::lines_of(text);
}

}  // namespace compat
